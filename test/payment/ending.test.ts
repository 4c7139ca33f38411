import { describe, expect, test } from 'vitest'
import { fromHex, msat, pmapGet, toHex } from '../../src/base/index.ts'
import type { HtlcResolution } from '../../src/channel/index.ts'
import { buildFailure, type FailureMessage, type FailureName, failureCode } from '../../src/onion/index.ts'
import type { PaymentInput } from '../../src/payment/index.ts'
import { arrived, keysendInput, type Node, pair, payInput, secretOf, theAdd, theResolution } from './fixture.ts'

// How payments that were sent end: once each, with a reason that a person understands.

function inFlight(): { alice: Node; bob: Node; request: number; preimage: Uint8Array; sharedSecret: Uint8Array } {
  const { alice, bob } = pair()
  const { invoice, preimage } = bob.invoice()
  const input = payInput(invoice)
  alice.start(input, 0)
  const [secret] = pmapGet(alice.state.inFlight, '1'.padStart(16, '0'))?.parts[0]?.sharedSecrets ?? []
  return { alice, bob, request: input.request, preimage, sharedSecret: fromHex(secret ?? '') }
}

const failing = (resolution: HtlcResolution): PaymentInput => ({ type: 'htlc_failed', link: 1, id: 0, resolution })

const signed = (sharedSecret: Uint8Array, failure: FailureMessage): PaymentInput =>
  failing({ type: 'fail', reason: buildFailure({ sharedSecret, failure }).reason })

const EMPTY = { channelUpdate: new Uint8Array(0) }
const sha256OfOnion = secretOf(7)
const UNKNOWN_DETAILS = { type: 'incorrect_or_unknown_payment_details', htlcMsat: msat(1), height: 1 } as const

describe('a refusal of the recipient', () => {
  const cases: readonly FailureMessage[] = [
    { type: 'temporary_node_failure' },
    { type: 'permanent_node_failure' },
    { type: 'required_node_feature_missing' },
    { type: 'temporary_channel_failure', ...EMPTY },
    { type: 'unknown_next_peer' },
    UNKNOWN_DETAILS,
    { type: 'final_incorrect_cltv_expiry', cltvExpiry: 5 },
    { type: 'final_incorrect_htlc_amount', incomingHtlcAmt: msat(5) },
    { type: 'invalid_onion_payload', tlvType: 2n, offset: 0 },
    { type: 'mpp_timeout' },
  ]
  test.each(cases)('$type is told in words, with its name', failure => {
    const { alice, request, sharedSecret } = inFlight()
    alice.at({ now: alice.context.now + 9 }).step(signed(sharedSecret, failure))
    const payment = alice.paymentOf(request)
    expect(payment).toMatchObject({ status: 'failed', failure: { code: 'refused_by_recipient' } })
    expect(payment.endedAt).toBe(alice.context.now)
    expect(payment.failure?.message).toMatch(
      new RegExp(`^The recipient refused the payment: .+ \\(${failure.type}\\)\\.$`),
    )
    expect(alice.events).toEqual([{ type: 'payment_failed', payment }])
  })

  test('with a code that nobody knows is told with the code', () => {
    const { alice, request, sharedSecret } = inFlight()
    alice.step(signed(sharedSecret, { type: 'unknown', code: 0x4fff, data: new Uint8Array(0) }))
    expect(alice.paymentOf(request).failure?.message).toMatch(/failure code 20479, which BOLT 4 does not have/)
  })

  // LDK says invalid_onion_payload without the record that it is about.
  test('without the facts that belong to its code is told by its name all the same', () => {
    const { alice, request, sharedSecret } = inFlight()
    const bare = { type: 'unknown', code: failureCode('invalid_onion_payload'), data: new Uint8Array(0) } as const
    alice.step(signed(sharedSecret, bare))
    expect(alice.paymentOf(request).failure?.message).toMatch(
      /^The recipient refused the payment: it cannot read what the onion says \(invalid_onion_payload\)\.$/,
    )
  })

  test.each(['invalid_onion_version', 'invalid_onion_hmac', 'invalid_onion_key'] as FailureName[])(
    '%s comes from the peer, unencrypted',
    name => {
      const { alice, request } = inFlight()
      alice.step(failing({ type: 'fail_malformed', sha256OfOnion, failureCode: failureCode(name) }))
      expect(alice.paymentOf(request).failure).toEqual({
        code: 'refused_by_recipient',
        message: `The recipient refused the payment: it cannot read the onion (${name}).`,
      })
    },
  )

  test('of a real recipient, which knows no such invoice', () => {
    const { alice, bob } = pair()
    const input = payInput(bob.invoice({ expirySeconds: 3600 }).invoice)
    const add = alice.start(input, 0)
    bob.restart()
    bob.at({ now: bob.context.now + 3_600_001 })
    const htlc = arrived(add, 0)
    const resolution = theResolution(
      bob.step({ type: 'htlc_received', link: 1, peer: alice.id, htlc, overDustExposure: false }),
    )
    alice.step(failing(resolution))
    expect(alice.paymentOf(input.request).failure?.message).toMatch(
      /does not know the invoice, it was paid before or has/,
    )
  })
})

describe('other ends', () => {
  test('a failure that nobody signed', () => {
    const { alice, request } = inFlight()
    alice.step(failing({ type: 'fail', reason: new Uint8Array(292) }))
    expect(alice.paymentOf(request).failure).toMatchObject({
      code: 'refused_on_the_way',
      message: expect.stringMatching(/nobody on its way signed/),
    })
  })

  test('one that an earlier version of this node has sent, whose record holds one HTLC to the recipient', () => {
    for (const end of ['refused', 'taken'] as const) {
      const { alice, preimage, sharedSecret } = inFlight()
      const key = 'in-flight/0000000000000001'
      const { parts: _parts, onions: _onions, ...rest } = JSON.parse(Buffer.from(alice.store.get(key) ?? []).toString())
      const record = { ...rest, retries: 0, sharedSecrets: [toHex(sharedSecret)], htlc: { link: 1, id: 0 } }
      alice.store.set(key, new Uint8Array(Buffer.from(JSON.stringify(record))))
      alice.restart()
      if (end === 'taken') alice.step({ type: 'htlc_fulfilled', link: 1, id: 0, paymentPreimage: preimage })
      else alice.step(signed(sharedSecret, UNKNOWN_DETAILS))
      expect(alice.events).toMatchObject([
        end === 'taken'
          ? { type: 'payment_sent', payment: { amountMsat: 10_000n, feeMsat: 0n } }
          : { type: 'payment_failed', payment: { failure: { code: 'refused_by_recipient' } } },
      ])
      expect(alice.store.has(key)).toBe(false)
    }
  })

  test('one that waited when an earlier version of this node ended is tried again in another onion', () => {
    const { alice, bob } = pair()
    const { onionRoutingPacket } = alice.start(keysendInput(bob.id), 0)
    alice.step({ type: 'htlc_dropped', link: 1, id: 0 })
    const key = 'in-flight/0000000000000001'
    const { parts: _parts, onions: _onions, ...rest } = JSON.parse(Buffer.from(alice.store.get(key) ?? []).toString())
    alice.store.set(key, new Uint8Array(Buffer.from(JSON.stringify({ ...rest, retries: 0, sharedSecrets: [] }))))
    alice.restart()
    expect(theAdd(alice.step({ type: 'usable', peer: bob.id })).onionRoutingPacket).not.toEqual(onionRoutingPacket)
  })

  test('the chain took it back', () => {
    const { alice, request } = inFlight()
    alice.step({ type: 'htlc_timed_out', link: 1, id: 0, cause: 'output_taken_back' })
    expect(alice.paymentOf(request).failure?.code).toBe('lost_on_chain')
  })

  test('nobody can say what became of it', () => {
    for (const cause of ['unclaimed', 'untold'] as const) {
      const { alice, request } = inFlight()
      alice.step({ type: 'htlc_unknown', link: 1, id: 0, cause })
      expect(alice.paymentOf(request).failure?.code).toBe('outcome_unknown')
    }
  })

  test('a preimage that does not fit is a bug of the channel', () => {
    const { alice } = inFlight()
    const wrong = { type: 'htlc_fulfilled', link: 1, id: 0, paymentPreimage: secretOf(1) } as const
    expect(() => alice.step(wrong)).toThrow(/a preimage fits the hash/)
  })

  test('a fulfilment that is told as a failure is one, too', () => {
    const { alice, preimage } = inFlight()
    expect(() => alice.step(failing({ type: 'fulfill', paymentPreimage: preimage }))).toThrow(/not told as failed/)
  })
})

describe('each end comes once', () => {
  const ends = (preimage: Uint8Array): readonly PaymentInput[] => [
    { type: 'htlc_fulfilled', link: 1, id: 0, paymentPreimage: preimage },
    failing({ type: 'fail', reason: new Uint8Array(292) }),
    { type: 'htlc_timed_out', link: 1, id: 0, cause: 'output_taken_back' },
  ]
  test.each([0, 1, 2])('whatever is told after end %i', which => {
    const { alice, preimage } = inFlight()
    const [end] = ends(preimage).slice(which)
    if (end === undefined) throw new Error('there are three')
    alice.step(end)
    const after = alice.state
    const dropped = { type: 'htlc_dropped', link: 1, id: 0 } as const
    for (const repeated of [...ends(preimage), dropped]) expect(alice.step(repeated)).toEqual([])
    alice.restart()
    for (const repeated of [...ends(preimage), dropped]) expect(alice.step(repeated)).toEqual([])
    expect(after.inFlight.size + after.byHtlc.size + after.byHash.size + after.session.listeners.size).toBe(0)
    expect(alice.events).toHaveLength(1)
  })

  test('HTLCs of others and of other links are not ours', () => {
    const { alice, preimage } = inFlight()
    for (const [link, id] of [
      [1, 1],
      [2, 0],
    ] as const) {
      alice.step({ type: 'htlc_fulfilled', link, id, paymentPreimage: preimage })
      alice.step({ type: 'htlc_timed_out', link, id, cause: 'output_taken_back' })
      alice.step({ type: 'htlc_dropped', link, id })
    }
    expect(alice.state.inFlight.size).toBe(1)
  })

  test('numbers go on over everything, also over starts', () => {
    const { alice, bob } = pair()
    const first = keysendInput(bob.id)
    alice.start(first, 0)
    alice.restart()
    alice.start(keysendInput(bob.id), 1)
    alice.step({ type: 'htlc_fulfilled', link: 1, id: 0, paymentPreimage: first.preimage })
    alice.restart()
    expect(alice.start(keysendInput(bob.id), 2).payment).toBe(3)
    // Whoever asked before the start is gone with the process; the log of events has it.
    expect(alice.events).toMatchObject([{ type: 'payment_sent', payment: { number: 1 } }])
    expect(alice.replies).toEqual([])
  })
})
