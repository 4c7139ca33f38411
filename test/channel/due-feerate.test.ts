import { describe, expect, it } from 'vitest'
import { type FeeratePerKw, feeratePerKw } from '../../src/base/index.ts'
import { dueFeerate } from '../../src/channel/dueFeerate.ts'
import { DEFAULT_LIMITS } from '../../src/channel/limits.ts'
import { contextOf, type Duo, disconnect, durableOf, fundedOf, input, type Name, opened, signed } from './harness.ts'
import { add, settle } from './payments.ts'

// BOLT 2, updating fees: when the opener asks for another feerate, and for which one.

const OPENED_AT = 1_000
const atThousand = (pushMsat = 0n): Duo =>
  opened({ feeratePerKw: feeratePerKw(OPENED_AT), pushMsat: pushMsat as never, announce: false })

function due(duo: Duo, name: Name, commitment: number, mutualClose = 5_000): FeeratePerKw | undefined {
  const { limits } = contextOf(name)
  const feerates = { commitment: feeratePerKw(commitment), mutualClose: feeratePerKw(mutualClose) }
  return dueFeerate(fundedOf(duo[name]), { feerates, limits })
}

describe('the opener follows what it would choose now', () => {
  it.each([
    [1_000, undefined],
    // Below 80 % of it a raise is due: 1,000 of 1,250 are not below.
    [1_250, undefined],
    [1_251, 1_251],
    [10_000, 10_000],
    // Above twice of it a reduction is: 1,000 are not above twice 500.
    [500, undefined],
    [499, 499],
    // Never below what is relayed at all.
    [100, 253],
  ])('%i per kw where the channel has 1,000: %s', (wanted, expected) => {
    expect(due(atThousand(), 'alice', wanted)).toBe(expected)
  })

  it('the accepter never asks', () => {
    expect(due(atThousand(), 'bob', 10_000)).toBeUndefined()
  })

  it('nothing is asked while the peer is away, nor before the channel is open', () => {
    const duo = atThousand()
    disconnect(duo)
    expect(due(duo, 'alice', 10_000)).toBeUndefined()
    expect(due(signed({ feeratePerKw: feeratePerKw(OPENED_AT) }), 'alice', 10_000)).toBeUndefined()
  })

  it('one at a time: while a change is on its way none is due, and afterwards the channel has it', () => {
    const duo = atThousand()
    const wanted = due(duo, 'alice', 4_000)
    if (wanted === undefined) throw new Error('nothing is due')
    input(duo, 'alice', { type: 'update_fee', feeratePerKw: wanted })
    expect(due(duo, 'alice', 10_000)).toBeUndefined()
    settle(duo)
    expect([durableOf(duo.alice).feeratePerKw, durableOf(duo.bob).feeratePerKw]).toEqual([4_000, 4_000])
    expect(due(duo, 'alice', 4_000)).toBeUndefined()
  })

  it('a raise that cannot be paid in full goes as far as it can', () => {
    // The opener has 50,000 sat: 10,000 for its reserve, 660 for the anchors, the rest for the fee.
    const duo = opened({ feeratePerKw: feeratePerKw(OPENED_AT), pushMsat: 950_000_000n as never })
    const most = due(duo, 'alice', 200_000)
    if (most === undefined) throw new Error('nothing is due')
    expect(most).toBeGreaterThan(20_000)
    expect(most).toBeLessThan(200_000)
    const refused = input(duo, 'alice', { type: 'update_fee', feeratePerKw: feeratePerKw(most + 1) })
    expect(refused.failure?.code).toBe('cannot_afford_feerate')
    expect(input(duo, 'alice', { type: 'update_fee', feeratePerKw: most }).failure).toBeUndefined()
    settle(duo)
    expect(durableOf(duo.bob).feeratePerKw).toBe(most)
    // Nothing more is possible, and nothing is tried with each block.
    expect(due(duo, 'alice', 200_000)).toBeUndefined()
  })

  it('a channel that is being closed with an HTLC in it still follows', () => {
    const duo = atThousand()
    add(duo, 'alice', { amountMsat: 5_000_000n, secret: 1 })
    settle(duo)
    input(duo, 'alice', { type: 'shutdown' })
    settle(duo)
    expect(fundedOf(duo.alice).state).toBe('shutting_down')
    expect(due(duo, 'alice', 4_000)).toBe(4_000)
  })

  it('without anchors it is what confirms by itself: nobody can pay for it later', () => {
    const duo = opened({ format: 'static_remotekey', feeratePerKw: feeratePerKw(OPENED_AT) })
    expect(due(duo, 'alice', 1_000, 5_000)).toBe(5_000)
    expect(due(duo, 'alice', 6_000, 5_000)).toBe(6_000)
    expect(due(atThousand(), 'alice', 1_000, 5_000)).toBeUndefined()
  })

  it('the bounds are limits with names', () => {
    const { raiseFeerateBelowPercent, lowerFeerateAbovePercent } = DEFAULT_LIMITS
    expect([raiseFeerateBelowPercent, lowerFeerateAbovePercent]).toEqual([80, 200])
  })
})
