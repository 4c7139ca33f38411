import { defineConfig } from 'vitest/config'

// Apart from the other tests: a full node is built from its sources first, which takes a Go toolchain and half a minute.
export default defineConfig({
  test: {
    include: ['test/fullnode/**/*.fullnode.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    pool: 'forks',
    maxWorkers: 2,
  },
})
