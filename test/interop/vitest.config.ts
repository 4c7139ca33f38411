import { defineConfig } from 'vitest/config'

// Apart from the other tests: each file starts a node of LDK in a process of its own, which takes seconds and half a gigabyte.
export default defineConfig({
  test: {
    include: ['test/interop/**/*.interop.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    pool: 'forks',
    maxWorkers: 2,
  },
})
