import { parseArgs } from 'node:util'
import { invariants } from '../../src/sim/invariants/index.ts'
import { planOf } from '../../src/sim/plan.ts'
import { randomOf } from '../../src/sim/random.ts'
import { type Failure, runPlan } from '../../src/sim/run.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'

// The seeded world as mutants meet it: the same plans under the same rules as `npm run sim`, in this thread and without anything that is
// counted besides. A process for each mutant then spends its time on seeds.

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    // Small worlds: where a fault shows in a moment, what comes after it costs time and finds nothing more.
    deeds: { type: 'string', default: '60' },
    nodes: { type: 'string', default: '3' },
    jobs: { type: 'string' },
    json: { type: 'boolean' },
  },
})

await useCrypto('fast')
const [count, first] = [Number(values.seeds), Number(values.seed)]
const options = { mode: 'fast', checks: 'sampled', deeds: Number(values.deeds), nodes: Number(values.nodes) } as const
let failed: (Failure & { readonly seed: string }) | undefined
let seedsRun = 0
while (seedsRun < count && failed === undefined) {
  const seed = String(first + seedsRun)
  const { failure } = runPlan(planOf({ ...options, seed }, randomOf(seed)), world => invariants(world))
  seedsRun += 1
  if (failure !== undefined) failed = { seed, ...failure }
}
console.log(
  JSON.stringify({
    seedsRun,
    failed: failed !== undefined,
    ...(failed !== undefined && { seed: failed.seed, rule: failed.rule, message: failed.message }),
  }),
)
if (failed !== undefined) process.exitCode = 1
