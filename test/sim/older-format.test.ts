import { beforeAll, expect, test } from 'vitest'
import { fundedChannels } from '../../src/sim/ghost.ts'
import { invariants } from '../../src/sim/invariants/index.ts'
import { type Plan, planOf } from '../../src/sim/plan.ts'
import { randomOf } from '../../src/sim/random.ts'
import { runPlan } from '../../src/sim/run.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'

// Channels without anchors, as a peer with older software opens them (BOLT 2, channel types).

beforeAll(() => useCrypto('fast'))

function formatsOf(isOlder: boolean): readonly string[] {
  const options = { seed: 'older', mode: 'fast', nodes: 2, deeds: 6, adversary: false, isOlder } as const
  const made = planOf({ ...options, faults: { pay: 60, mine: 4 } }, randomOf('older'))
  const { at } = made.deeds.at(-1) ?? { at: 0 }
  const close = { id: 100, at: at + 2_000, deed: { type: 'close', who: 0, channel: 0, force: true } } as const
  const open = { type: 'open', from: 1, to: 0, capacitySat: 100_000, pushSat: 9_000, isOlder } as const
  const mine = { type: 'mine', count: 6, contents: 'all' } as const
  const more = [close, { id: 101, at: at + 3_000, deed: open }, { id: 102, at: at + 6_000, deed: mine }]
  const plan: Plan = { ...made, deeds: [...made.deeds, ...more], healAt: at + 8_000, closesAll: true }
  let formats: readonly string[] = []
  const { failure } = runPlan(plan, world => {
    const closed = () => {
      formats = world.nodes.flatMap(({ state }) => fundedChannels(state).map(({ durable }) => durable.params.format))
      return undefined
    }
    return [{ name: 'formats', closed }, ...invariants(world)]
  })
  expect(failure).toBeUndefined()
  // Both sides of each, and of the one that is opened later.
  expect(formats).toHaveLength(2 * (plan.channels.length + 1))
  return [...new Set(formats)]
}

test('a node that asks for channels without anchors gets them, those of the beginning and later ones', () => {
  expect(formatsOf(true)).toEqual(['static_remotekey'])
})

test('all others have anchors', () => {
  expect(formatsOf(false)).toEqual(['anchors_zero_fee_htlc'])
})
