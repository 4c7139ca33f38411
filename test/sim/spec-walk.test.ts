import { beforeAll, expect, test } from 'vitest'
import { GuidedRunner } from '../../src/sim/guided.ts'
import { invariants } from '../../src/sim/invariants/index.ts'
import { runPlan } from '../../src/sim/run.ts'
import type { Party } from '../../src/sim/spec.ts'
import { COVERAGE_BOUNDS, Coverage, reachable, turns } from '../../src/sim/specCoverage.ts'
import { keyOf } from '../../src/sim/specKey.ts'
import { newPair, type State } from '../../src/sim/specPair.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'

// Real engines are led into each state of the specification, one turn at a time, while every rule looks on: so there is none that only
// the paper knows. `npm run sim -- --guided` does the same for each move.

const MOST_WORLDS = 40

beforeAll(() => useCrypto('fast'))

test('the engine comes to every state of a channel with up to 2 HTLCs', () => {
  const runner = new GuidedRunner({ wants: 'states' })
  const one = new Coverage(reachable({ ...COVERAGE_BOUNDS, htlcs: 1 }))
  const { coverage } = runner
  let deeds = 0
  for (let world = 0; world < MOST_WORLDS && coverage.states.seen < coverage.states.of; world++) {
    const outcome = runner.run({ seed: `walk ${world}`, mode: 'fast', deeds: 800 }, one.onState)
    expect(outcome.failure).toBeUndefined()
    deeds += outcome.plan.deeds.length
  }
  const { states, edges } = coverage
  console.info(`${states.seen} of ${states.of} states, ${edges.seen} of ${edges.of} moves, in ${deeds} deeds`)
  expect(states.seen).toBe(states.of)
  expect(one.states.seen).toBe(one.states.of)
})

test('what a guide has done is a plan that runs the same without a guide', () => {
  const { plan, traceHash, failure } = new GuidedRunner().run(
    { seed: 'again', mode: 'fast', deeds: 150 },
    () => undefined,
  )
  expect(failure).toBeUndefined()
  expect(plan.deeds).toHaveLength(150)
  expect(new Set(plan.deeds.map(({ deed }) => deed.type))).toEqual(
    new Set(['pay', 'deliver', 'lose', 'crash', 'second_connection']),
  )
  expect(runPlan(JSON.parse(JSON.stringify(plan)), world => invariants(world)).traceHash).toBe(traceHash)
})

test('a guide that knows no way to anything new does nothing', () => {
  const runner = new GuidedRunner()
  runner.coverage.merge({ states: reachable().states.keys(), edges: reachable().edges.keys() })
  const { plan, failure } = runner.run({ seed: 'nothing', mode: 'fast', deeds: 150 }, () => undefined)
  expect(failure).toBeUndefined()
  expect(plan.deeds).toEqual([])
})

// Why the specification at the engine's pace says offers again before removals, and never the other way round: a removal that was said
// is signed in the same turn, so all that its signature covers and was said before it is offers.
test('between the turns of an eager channel no removal is said and not signed', () => {
  const states = statesOf()
  expect(states.length).toBe(reachable().states.size)
  const unsigned = ({ sides }: State, me: Party) =>
    sides[me].htlcs.filter(({ by, removed }) => by !== me && removed === 0)
  for (const state of states) for (const me of [0, 1] as const) expect(unsigned(state, me), keyOf(state)).toEqual([])
})

function statesOf(): readonly State[] {
  const first = newPair()
  const found = new Map([[keyOf(first), first]])
  // A map goes on to what is added while it is gone through.
  for (const state of found.values()) {
    for (const { next } of turns(state, COVERAGE_BOUNDS)) if (!found.has(keyOf(next))) found.set(keyOf(next), next)
  }
  return [...found.values()]
}
