import { readFileSync } from 'node:fs'
import { invariants } from '../../src/sim/invariants/index.ts'
import { isPlan } from '../../src/sim/plan.ts'
import { runPlan } from '../../src/sim/run.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'

// Runs a plan that has killed a mutant: `BOOKEND_MUTANT=<id> node --import ./test/mutants/hook.ts test/mutants/replay.ts <file>`. Where
// the code has changed, the same deeds under other chances may be needed: it says under which, and what rule broke.

/** How many seeds of its own a plan is tried with. */
const TRIES = 12

const [, , file = ''] = process.argv
const plan: unknown = JSON.parse(readFileSync(file, 'utf8'))
if (!isPlan(plan)) throw new Error(`${file} is not a plan`)
await useCrypto(plan.mode)
for (let i = 0; i < TRIES; i++) {
  const seed = i === 0 ? plan.seed : `${plan.seed}/${i}`
  const { failure } = runPlan({ ...plan, seed }, world => invariants(world))
  if (failure === undefined) continue
  console.log(JSON.stringify({ seed, rule: failure.rule, message: failure.message }))
  process.exitCode = 1
  break
}
