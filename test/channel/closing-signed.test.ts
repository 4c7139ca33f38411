import { describe, expect, it } from 'vitest'
import { feeratePerKw, msat, sat } from '../../src/base/index.ts'
import { closingFunding } from '../../src/channel/closing.ts'
import { buildClosingTx, buildLegacyClosingTx } from '../../src/commitment/index.ts'
import {
  channelWith,
  expectGood,
  expectRefused,
  expectRefusedMessage,
  LEGACY,
  NAMES,
  negotiating,
  onTheWayAs,
  published,
  withHighS,
} from './closingFixtures.ts'
import { closingAt, closingMessages, feeAt, legacy, offer, scripts, signedFor } from './closingSignedOffers.ts'
import { type Duo, deliverNext, disconnect, durableOf, input, opened } from './harness.ts'

// BOLT 2, closing_signed, receiver: each rule broken once.

describe('BOLT 2, closing_signed, receiver', () => {
  function started(aliceMsat = 600_000_000n): { readonly duo: Duo; readonly fee: bigint } {
    const duo = negotiating(channelWith(msat(aliceMsat), legacy))
    return { duo, fee: feeAt(duo, 5_000) }
  }

  it('refuses it before the shutdowns, and with option_simple_close', () => {
    const { duo } = started()
    const message = onTheWayAs(duo, 'bob', 'closing_signed')
    const open = opened(legacy)
    expectRefusedMessage(open.bob, message, 'close_connection', 'unexpected_message')
    const simple = negotiating(opened())
    expectRefusedMessage(simple.bob, message, 'close_connection', 'unexpected_closing_signed')
  })

  it('refuses it after a reconnection before the peer has said shutdown again', () => {
    const { duo } = started()
    const message = onTheWayAs(duo, 'bob', 'closing_signed')
    disconnect(duo)
    for (const name of NAMES) input(duo, name, { type: 'connected', negotiated: LEGACY })
    deliverNext(duo, 'bob')
    expectRefusedMessage(duo.bob, message, 'close_connection', 'unexpected_closing_signed')
  })

  it('refuses a signature that is not valid, or of a high S', () => {
    const { duo, fee } = started()
    const message = onTheWayAs(duo, 'bob', 'closing_signed')
    const other = { ...message, feeSatoshis: sat(fee + 1n) }
    expectRefusedMessage(duo.bob, other, 'close_connection', 'invalid_closing_signature')
    const highS = { ...message, signature: withHighS(message.signature) }
    expectRefusedMessage(duo.bob, highS, 'close_connection', 'invalid_closing_signature')
    const zero = { ...message, signature: new Uint8Array(64) }
    expectRefusedMessage(duo.bob, zero, 'close_connection', 'invalid_closing_signature')
  })

  it('refuses a signature for a transaction without our output, if that is more than dust', () => {
    const { duo, fee } = started()
    const { settled } = durableOf(duo.alice)
    const [aliceScript, bobScript] = scripts(duo)
    const withoutBob = buildLegacyClosingTx({
      funding: closingFunding(durableOf(duo.alice)),
      opener: 'local',
      local: { amountMsat: settled.localMsat, script: aliceScript },
      remote: { amountMsat: settled.remoteMsat, script: bobScript },
      feeSat: sat(fee),
      dustLimitSat: sat(354),
      omit: 'remote',
    })
    if (!withoutBob.ok) throw new Error(withoutBob.error.message)
    const message = signedFor(duo.alice, withoutBob.value, fee)
    expectRefusedMessage(duo.bob, message, 'close_connection', 'invalid_closing_signature')
  })

  it('refuses a fee above the balance of the opener', () => {
    const { duo } = started()
    const message = { ...onTheWayAs(duo, 'bob', 'closing_signed'), feeSatoshis: sat(600_001) }
    expectRefusedMessage(duo.bob, message, 'close_connection', 'closing_fee_above_balance')
  })

  it('fails the channel for an output below the dust limit of its script', () => {
    const { duo, fee } = started(999_900_000n)
    const { settled } = durableOf(duo.alice)
    const [aliceScript, bobScript] = scripts(duo)
    const built = buildClosingTx({
      funding: closingFunding(durableOf(duo.alice)),
      variant: 'closer_and_closee_outputs',
      closer: { amountMsat: settled.localMsat, script: aliceScript },
      closee: { amountMsat: settled.remoteMsat, script: bobScript },
      feeSat: sat(fee),
      locktime: 0,
    })
    if (!built.ok) throw new Error(built.error.message)
    const { tx } = built.value
    const dusty = { ...built.value, tx: { ...tx, inputs: tx.inputs.map(one => ({ ...one, sequence: 0xffffffff })) } }
    expectRefusedMessage(duo.bob, signedFor(duo.alice, dusty, fee), 'fail_channel', 'closing_output_dust')
  })

  it('warns when the two ranges do not meet', () => {
    const { duo, fee } = started()
    const alien = offer(duo, 'bob', 20n * fee, [19n * fee, 21n * fee])
    expectRefusedMessage(duo.alice, alien, 'warn', 'closing_fee_ranges_disjoint')
  })

  it('fails the channel when the accepter answers outside of the overlap', () => {
    const { duo, fee } = started()
    const outside = offer(duo, 'bob', 3n * fee, [fee, 4n * fee])
    expectRefusedMessage(duo.alice, outside, 'fail_channel', 'closing_fee_out_of_range')
  })

  it('fails the channel when the opener does not take the fee that it was offered', () => {
    const { duo, fee } = started()
    duo.alice.outbox = []
    // Below what relays, but the range allows more: Bob proposes, and Alice has to take it.
    const range = [1n, 2n * fee] as const
    expect(input(duo, 'bob', { type: 'message', message: offer(duo, 'alice', 1n, range) }).failure).toBeUndefined()
    expect(closingMessages(duo.bob).at(-1)?.feeSatoshis).toBe(fee)
    expectRefusedMessage(duo.bob, offer(duo, 'alice', 2n, range), 'fail_channel', 'closing_fee_out_of_range')
    // Another one that it would have taken is no reason to fail.
    expect(
      input(duo, 'bob', { type: 'message', message: offer(duo, 'alice', fee + 1n, range) }).failure,
    ).toBeUndefined()
    expectGood(duo, published(duo.bob)[0] ?? closingAt(duo, 1n).tx)
  })

  it('refuses a fee that is not strictly between the two before it, without ranges', () => {
    const { duo, fee } = started()
    duo.alice.outbox = []
    const next = (feeSat: bigint) => offer(duo, 'bob', feeSat)
    expect(input(duo, 'alice', { type: 'message', message: next(4n * fee) }).failure).toBeUndefined()
    expectRefusedMessage(duo.alice, next(4n * fee), 'close_connection', 'closing_fee_not_between')
    expectRefusedMessage(duo.alice, next(5n * fee), 'close_connection', 'closing_fee_not_between')
  })

  it('has no fee to raise', () => {
    const { duo } = started()
    const bump = { type: 'bump_close', feeratePerKw: feeratePerKw(50_000) } as const
    expectRefused(duo.alice, bump, 'reject', 'no_simple_close')
  })
})
