import { beforeAll, describe, expect, test } from 'vitest'
import type { PublishedRole } from '../../src/engine/index.ts'
import { type Outcome, planOf, randomOf, runPlan, useCrypto } from '../../src/sim/index.ts'
import { exitRight } from '../../src/sim/invariants/exitRight.ts'

// Invariants 2 and 8: leave any channel at any moment, alone, with all that is one's own; and with everything where the other cheats.

beforeAll(() => useCrypto('fast'))

/** Two nodes that are looked at after each commit; what the first of them publishes as this role never gets anywhere. */
function runPair(seed: string, swallowed?: PublishedRole): Outcome {
  const faults = { pay: 20, mine: 1 }
  const options = { seed, mode: 'fast', nodes: 2, deeds: 6, adversary: false, checks: 'every', faults } as const
  return runPlan({ ...planOf(options, randomOf(seed)), closesAll: false }, world => {
    const [first] = world.nodes
    if (first !== undefined) first.publishes = role => role !== swallowed
    return [exitRight(world)]
  })
}

function complaintOf(seed: string, swallowed: PublishedRole): string | undefined {
  const { failure } = runPair(seed, swallowed)
  expect(failure?.rule).toBe('exit right')
  return failure?.message
}

describe('invariants 2 and 8: the exit right', () => {
  test.each(['1', '4'])('seed %s: whoever leaves has what is due', seed => {
    expect(runPair(seed).failure).toBeUndefined()
  })

  test('a seed of three nodes, looked at now and then', () => {
    const plan = planOf({ seed: '4', mode: 'fast', nodes: 3, deeds: 100 }, randomOf('4'))
    expect(runPlan(plan, world => [exitRight(world)]).failure).toBeUndefined()
  })

  test('who does not sweep loses', () => {
    expect(complaintOf('1', 'claim')).toMatch(/^alice cannot leave channel .* when .*: \d+ sat are due, 0 came/)
  })

  test('who does not publish its commitment loses', () => {
    expect(complaintOf('1', 'commitment')).toMatch(/when alice publishes its commitment: nothing was confirmed/)
  })

  test('who does not punish loses', () => {
    expect(complaintOf('1', 'penalty')).toMatch(
      /when bob publishes its commitment \d+ .*: (the other side has \d+ sat of a commitment|\d+ sat of a revoked)/,
    )
  })

  test('who does not take back an HTLC that has expired loses', () => {
    expect(complaintOf('4', 'htlc-timeout')).toMatch(/when alice publishes its commitment: \d+ sat are due/)
  })

  test('who does not claim with the preimage loses', () => {
    expect(complaintOf('1', 'htlc-success')).toMatch(/when alice publishes its commitment: \d+ sat are due/)
  })
})
