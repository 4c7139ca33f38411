import { parseArgs } from 'node:util'
import { invariants } from '../../src/sim/invariants/index.ts'
import { type Plan, planOf } from '../../src/sim/plan.ts'
import { randomOf } from '../../src/sim/random.ts'
import { type Failure, runPlan } from '../../src/sim/run.ts'
import { inHolds, inParts, overTheLast } from '../../src/sim/shapes.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'
import type { Mutant } from './mutant.ts'

// The seeded world as mutants meet it: the same plans under the same rules as `npm run sim`, in this thread and without anything that is
// counted besides. A process for each mutant then spends its time on seeds.

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    // Small worlds: where a fault shows in a moment, what comes after it costs time and finds nothing more.
    deeds: { type: 'string', default: '60' },
    nodes: { type: 'string', default: '3' },
    plan: { type: 'string', default: '{}' },
    jobs: { type: 'string' },
    json: { type: 'boolean' },
  },
})

const AFTER_THE_LAST_MS = 5_000

await useCrypto('fast')
const [count, first] = [Number(values.seeds), Number(values.seed)]
// What a mutant's row says.
const { isInParts, isInHolds, isOverTheLast, ...ofRow } = JSON.parse(values.plan) as NonNullable<Mutant['plan']>
const options = {
  mode: 'fast',
  checks: 'sampled',
  deeds: Number(values.deeds),
  nodes: Number(values.nodes),
  ...ofRow,
} as const
let failed: (Failure & { readonly seed: string; readonly plan: Plan }) | undefined
let seedsRun = 0
while (seedsRun < count && failed === undefined) {
  const seed = String(first + seedsRun)
  const drawn = planOf({ ...options, seed }, randomOf(seed))
  const linked = isOverTheLast === true ? overTheLast(drawn) : drawn
  const sized = isInParts === true ? inParts(linked) : linked
  const plan = isInHolds === true ? inHolds(sized, randomOf(seed).split('holds')) : sized
  const failure = failureIn(plan)
  seedsRun += 1
  if (failure !== undefined) failed = { seed, ...failure, plan: upTo(plan, failure) }
}
console.log(
  JSON.stringify({
    seedsRun,
    failed: failed !== undefined,
    ...(failed !== undefined && { seed: failed.seed, rule: failed.rule, message: failed.message, plan: failed.plan }),
  }),
)
if (failed !== undefined) process.exitCode = 1

function failureIn(plan: Plan): Failure | undefined {
  return runPlan(plan, world => invariants(world)).failure
}

/** Without the deeds after the one that it was noticed in, where it shows without them. */
function upTo(plan: Plan, { rule, deed }: Failure): Plan {
  if (deed === undefined) return plan
  const deeds = plan.deeds.filter(({ id }) => id <= deed)
  const shorter = { ...plan, deeds, healAt: (deeds.at(-1)?.at ?? 0) + AFTER_THE_LAST_MS, closesAll: false }
  return failureIn(shorter)?.rule === rule ? shorter : plan
}
