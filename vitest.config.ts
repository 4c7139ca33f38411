import { defineConfig } from 'vitest/config'

// The floors below `ports/` are pure; their branches are what the coverage promise of CONTRIBUTING.md is about.
const PURE = ['base', 'crypto', 'bitcoin', 'wire', 'keys', 'commitment', 'channel', 'onchain', 'engine']

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
    coverage: {
      provider: 'v8',
      include: PURE.map(room => `src/${room}/**/*.ts`),
      reporter: ['text-summary', 'json-summary', 'text'],
      thresholds: { branches: 95 },
    },
  },
})
