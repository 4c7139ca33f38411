import { expect, test } from 'vitest'
import { msat } from '../../src/base/index.ts'
import type { LinkStep } from '../../src/link/index.ts'
import { addCommand, preimageOf } from '../node/pair.ts'
import { carry, connected, type Hand, HEIGHT, sent, snapshots } from './opened.ts'

// What a payment costs on disk must not grow with those that were made before it.

const all = await snapshots()

interface Cost {
  readonly writes: number
  readonly bytes: number
  /** Largest number of records that one step wrote. */
  readonly widest: number
}

/** Counts what a side writes while something is done. */
function costOf(hand: Hand, act: () => void): Cost {
  const give = hand.give.bind(hand)
  let cost: Cost = { writes: 0, bytes: 0, widest: 0 }
  hand.give = input => {
    const step: LinkStep = give(input)
    const bytes = step.writes.reduce(
      (sum, write) => sum + write.key.length + (write.type === 'put' ? write.value.length : 0),
      0,
    )
    cost = {
      writes: cost.writes + step.writes.length,
      bytes: cost.bytes + bytes,
      widest: Math.max(cost.widest, step.writes.length),
    }
    return step
  }
  act()
  hand.give = give
  return cost
}

test('the 200th payment writes what the fifth one wrote, on both sides, and holds no more in memory', () => {
  const duo = connected(all.normal)
  const pay = (index: number) => {
    const add = duo.alice.give(addCommand({ payer: 'alice', amountMsat: msat(500_000n), index }, HEIGHT))
    carry(duo, { alice: [...sent(add), ...sent(duo.alice.give({ type: 'end_of_turn' }))], bob: [] })
    const resolution = { type: 'fulfill', paymentPreimage: preimageOf({ index }) } as const
    const taken = duo.bob.give({ type: 'command', command: { type: 'resolve_htlc', id: index, resolution } })
    expect(taken.failure).toBeUndefined()
    carry(duo, { alice: [], bob: [...sent(taken), ...sent(duo.bob.give({ type: 'end_of_turn' }))] })
    expect(duo.alice.channel.durable.htlcs).toEqual([])
  }
  const sizes = () =>
    [duo.alice, duo.bob].map(({ state }) => [state.watched.size, state.onchain?.facts.transactions.length])
  const costs: { readonly alice: Cost; readonly bob: Cost }[] = []
  const atStart = sizes()
  for (let index = 0; index < 200; index++) {
    let bob: Cost | undefined
    const alice = costOf(duo.alice, () => {
      bob = costOf(duo.bob, () => pay(index))
    })
    if (bob !== undefined) costs.push({ alice, bob })
  }
  expect(costs[199]).toEqual(costs[4])
  expect(Math.max(...costs.map(({ alice }) => alice.widest))).toBeLessThanOrEqual(8)
  expect(sizes()).toEqual(atStart)
})
