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
  'watchtower',
  'engine',
]

// Tests of pure rooms leave nothing behind that another one could see, so their files share a process, which reads the product once.
// All others have one of their own, and so has crypto, whose tests change what everything rests on.
const SHARED = PURE_ROOMS.filter(room => room !== 'crypto').map(room => `test/${room}/**/*.test.ts`)

export default defineConfig({
  test: {
    setupFiles: ['test/setup.ts'],
    // Generous, because a busy machine is no failure: no test judges by the wall clock.
    testTimeout: 600_000,
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'alone', include: ['test/**/*.test.ts'], exclude: SHARED } },
      { extends: true, test: { name: 'shared', include: SHARED, isolate: false } },
    ],
    coverage: {
      provider: 'v8',
      include: PURE_ROOMS.map(room => `src/${room}/**/*.ts`),
      reporter: ['text-summary', 'json-summary', 'text'],
      thresholds: { branches: 95 },
    },
  },
})
