import { describe, expect, it } from 'vitest'
import { feeratePerKw, msat } from '../../src/base/index.ts'
import { bump, closed, lastOffer, twoOutputFee } from './closingCompleteOffers.ts'
import {
  agreedClose,
  channelWith,
  expectRefused,
  feeOf,
  LEGACY,
  NAMES,
  negotiating,
  reconnect,
} from './closingFixtures.ts'
import { feeAt, legacy } from './closingSignedOffers.ts'
import { connect, deliver, disconnect, durableOf, input } from './harness.ts'

// What the user of a node wants its close to pay. The context of both asks for 5,000.

const closeAt = (feerate: number) => ({ type: 'shutdown', feeratePerKw: feeratePerKw(feerate) }) as const

describe('the feerate of a close', () => {
  it.each(NAMES)('is what the user of %s names, for its own transaction', name => {
    const duo = channelWith(msat(700_000_000n))
    expect(input(duo, name, closeAt(9_000)).failure).toBeUndefined()
    closed(duo)
    for (const each of NAMES) {
      expect(lastOffer(duo[each]).feeSatoshis).toBe(twoOutputFee(each === name ? 9_000 : 5_000))
    }
    const fees = durableOf(duo[name]).mutualCloses.map(tx => feeOf(duo, tx))
    expect(new Set(fees)).toEqual(new Set([twoOutputFee(9_000), twoOutputFee(5_000)]))
  })

  it('changes while nothing is offered, also to a lower one', () => {
    const duo = channelWith(msat(700_000_000n))
    disconnect(duo)
    for (const feerate of [9_000, 3_000]) expect(input(duo, 'alice', closeAt(feerate)).failure).toBeUndefined()
    expect(durableOf(duo.alice).closeFeeratePerKw).toBe(3_000)
    connect(duo)
    closed(duo)
    expect(lastOffer(duo.alice).feeSatoshis).toBe(twoOutputFee(3_000))
  })

  it('is raised by asking again, and stands after a reconnection', () => {
    const duo = closed(negotiating(channelWith(msat(700_000_000n))))
    expect(input(duo, 'alice', closeAt(8_000)).failure).toBeUndefined()
    closed(duo)
    expect(feeOf(duo, agreedClose(duo))).toBe(twoOutputFee(8_000))
    reconnect(duo)
    closed(duo)
    expect(lastOffer(duo.alice).feeSatoshis).toBe(twoOutputFee(8_000))
    expect(lastOffer(duo.bob).feeSatoshis).toBe(twoOutputFee(5_000))
  })

  it('is not lowered once there is a close that pays more, and the old wish stands', () => {
    const duo = channelWith(msat(700_000_000n))
    input(duo, 'alice', closeAt(9_000))
    closed(duo)
    expectRefused(duo.alice, closeAt(9_000), 'reject', 'closing_fee_too_low')
    expectRefused(duo.alice, closeAt(4_000), 'reject', 'closing_fee_too_low')
    expect(durableOf(duo.alice).closeFeeratePerKw).toBe(9_000)
    bump(duo, 'alice', 10_000)
  })

  it('is what the opener pays where the fee is negotiated, and then nobody changes it', () => {
    const duo = channelWith(msat(700_000_000n), legacy)
    input(duo, 'alice', closeAt(7_000))
    deliver(duo)
    expect(feeOf(duo, agreedClose(duo))).toBe(feeAt(duo, 7_000))
    expectRefused(duo.alice, closeAt(9_000), 'reject', 'no_simple_close')
    reconnect(duo, LEGACY)
    expect(durableOf(duo.alice).closeFeeratePerKw).toBe(7_000)
  })

  it('is one that others would relay, and not the whole balance', () => {
    const duo = channelWith(msat(700_000_000n))
    const { minFeeratePerKw: least, maxFeeratePerKw: most } = duo.alice.context.limits
    for (const feerate of [1, least - 1, most + 1, 0xffff_ffff]) {
      expectRefused(duo.alice, closeAt(feerate), 'reject', 'feerate_out_of_bounds')
    }
    expect(durableOf(duo.alice).closeFeeratePerKw).toBeUndefined()
    input(duo, 'alice', closeAt(least))
    expectRefused(duo.alice, closeAt(most + 1), 'reject', 'feerate_out_of_bounds')
    expect(durableOf(duo.alice).closeFeeratePerKw).toBe(least)
  })

  it('without one a second wish is refused', () => {
    const duo = channelWith(msat(700_000_000n))
    input(duo, 'alice', closeAt(9_000))
    expectRefused(duo.alice, { type: 'shutdown' }, 'reject', 'shutdown_already_requested')
    expect(durableOf(duo.alice).closeFeeratePerKw).toBe(9_000)
  })
})
