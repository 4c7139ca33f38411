import { defineConfig } from 'vitest/config'

// The rooms below `ports/` are pure, and most of the money rests on them: `npm run coverage` asks 95 % of their branches.
// The house test compares this list with the floor plan.
const PURE_ROOMS = [
  'base',
  'crypto',
  'bitcoin',
  'wire',
  'keys',
  'noise',
  'onion',
  'commitment',
  'gossip',
  'invoice',
  'wallet',
  'channel',
  'onchain',
  'routing',
  'link',
  'payment',
  'peer',
  'engine',
]

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    // Generous, because a busy machine is no failure: no test judges by the wall clock.
    testTimeout: 600_000,
    pool: 'forks',
    maxWorkers: 2,
    coverage: {
      provider: 'v8',
      include: PURE_ROOMS.map(room => `src/${room}/**/*.ts`),
      reporter: ['text-summary', 'json-summary', 'text'],
      thresholds: { branches: 95 },
    },
  },
})
