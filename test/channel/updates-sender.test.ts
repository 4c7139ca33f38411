import { describe, expect, it } from 'vitest'
import { feeratePerKw, msat, paymentHash } from '../../src/base/index.ts'
import type { ChannelFailure } from '../../src/channel/failure.ts'
import type { ChannelCommand } from '../../src/channel/types.ts'
import { sha256 } from '../../src/crypto/index.ts'
import { expectRefused, expectTaken, NAMES, tried } from './attacks.ts'
import { change, channelWith } from './closingFixtures.ts'
import { type Duo, deliver, deliverNext, durableOf, effectsOf, input, type Name, opened } from './harness.ts'
import { add, fulfill, hashOf, preimageOf, settle } from './payments.ts'
import { inPhase } from './phases.ts'

// The rules of BOLT 2 on the sender of an update, as commands of our own caller: at their edges, and just over them.

type Add = Extract<ChannelCommand, { type: 'add_htlc' }>

function offer(changes: Partial<Add> = {}): Add {
  return {
    type: 'add_htlc',
    amountMsat: msat(5_000_000),
    paymentHash: hashOf(9),
    cltvExpiry: 300,
    onionRoutingPacket: new Uint8Array(1366),
    ...changes,
  }
}

const failing = { type: 'fail', reason: new Uint8Array(3) } as const

describe('BOLT 2, update_add_htlc, sender', () => {
  interface Row {
    readonly rule: string
    readonly by: Name
    readonly given?: () => Duo
    readonly bad: Add
    readonly failure: Omit<ChannelFailure, 'severity' | 'section'> & { readonly section?: string }
    readonly good: Add
  }
  const amount = (value: bigint) => offer({ amountMsat: msat(value) })
  const rows: readonly Row[] = [
    {
      rule: 'an amount above 0',
      by: 'alice',
      given: () => opened({ limits: { bob: { htlcMinimumMsat: msat(0) } } }),
      bad: amount(0n),
      failure: { code: 'amount_below_minimum', expected: 'at least 0 msat and more than 0', got: '0 msat' },
      good: amount(1n),
    },
    {
      rule: 'an amount of at least the htlc_minimum_msat of the receiver',
      by: 'bob',
      given: () => opened({ limits: { alice: { htlcMinimumMsat: msat(1_000) } } }),
      bad: amount(999n),
      failure: { code: 'amount_below_minimum', expected: 'at least 1000 msat and more than 0', got: '999 msat' },
      good: amount(1_000n),
    },
    {
      rule: 'an expiry in blocks',
      by: 'alice',
      bad: offer({ cltvExpiry: 500_000_000 }),
      failure: { code: 'expiry_is_a_time', expected: 'a cltv_expiry in blocks, below 500000000', got: '500000000' },
      good: offer({ cltvExpiry: 2_116 }),
    },
    {
      rule: 'an expiry in the future',
      by: 'alice',
      bad: offer({ cltvExpiry: 100 }),
      failure: { code: 'expiry_in_the_past', expected: 'a cltv_expiry above the height 100', got: '100' },
      good: offer({ cltvExpiry: 101 }),
    },
    {
      rule: 'an expiry in a future that we live to see',
      by: 'alice',
      bad: offer({ cltvExpiry: 2_117 }),
      failure: { code: 'expiry_too_far', expected: 'a cltv_expiry of at most 2116', got: '2117' },
      good: offer({ cltvExpiry: 2_116 }),
    },
    {
      rule: 'at most max_accepted_htlcs of the receiver',
      by: 'alice',
      given: () => filled(5),
      bad: amount(1n),
      failure: { code: 'too_many_htlcs', expected: 'at most 5 HTLCs offered at once', got: '6' },
      good: amount(1n),
    },
    {
      rule: 'at most max_htlc_value_in_flight_msat of the receiver',
      by: 'alice',
      given: () => filled(4),
      bad: amount(5_000_001n),
      failure: { code: 'too_much_in_flight', expected: 'at most 25000000 msat offered at once', got: '25000001 msat' },
      good: amount(5_000_000n),
    },
    {
      rule: 'the accepter keeps its reserve',
      by: 'bob',
      bad: amount(90_000_001n),
      failure: {
        code: 'cannot_afford_htlc',
        expected: 'the sender to keep its channel reserve and, as opener, to pay fee and anchors',
        got: '90000001 msat, which leaves it 1 msat short',
      },
      good: amount(90_000_000n),
    },
    {
      rule: 'an amount within the balance',
      by: 'bob',
      bad: amount(100_000_001n),
      failure: {
        code: 'amount_above_balance',
        expected: 'at most the balance of 100000000 msat',
        got: '100000001 msat',
      },
      good: amount(1n),
    },
    {
      rule: 'the opener keeps its reserve, and could pay for one more HTLC at twice the feerate, and for both anchors',
      by: 'alice',
      // 900,000 sat without 10,000 of reserve, 660 of anchors and 5 × (1124 + 2 × 172) = 7,340 of fee.
      bad: amount(882_000_001n),
      failure: {
        code: 'opener_cannot_pay_fee',
        expected: 'the opener to pay the remote commitment, also at twice the feerate',
        got: '882000001 msat, which leaves it 1 msat short',
      },
      good: amount(882_000_000n),
    },
    {
      rule: 'the accepter offers nothing that the opener could not pay the fee of',
      by: 'bob',
      // 10,000 of reserve, 660 of anchors, 3,240 of fee.
      given: () => channelWith(msat(13_899_999)),
      bad: amount(5_000_000n),
      failure: {
        code: 'opener_cannot_pay_fee',
        expected: 'the opener to pay the remote commitment, keeping its reserve',
        got: '5000000 msat, which leaves it 1 msat short',
      },
      // Too small for an output, so that it costs no fee.
      good: amount(353_999n),
    },
  ]

  function filled(count: number): Duo {
    const limits = { bob: { maxAcceptedHtlcs: 5, maxHtlcValueInFlightMsat: msat(25_000_000) } }
    const duo = opened({ limits })
    for (let secret = 1; secret <= count; secret++) add(duo, 'alice', { amountMsat: 5_000_000n, secret })
    settle(duo)
    return duo
  }

  for (const { rule, by, given, bad, failure, good } of rows) {
    it(`${rule}: refused just over the line, done at it`, () => {
      const duo = (given ?? opened)()
      const section = 'BOLT 2, update_add_htlc, sender'
      expectRefused(duo, by, bad, { section, ...failure, severity: 'reject' })
      if (failure.code === 'too_many_htlcs') {
        fulfill(duo, 'bob', 0, 1)
        settle(duo)
      }
      expectTaken(duo, by, good)
      // What we call affordable, the peer does too.
      input(duo, by, good)
      settle(duo)
      for (const name of NAMES) expect(effectsOf(duo[name], 'close_connection')).toEqual([])
    })
  }

  it('nothing once a shutdown is wanted, sent or received', () => {
    const refused = (duo: Duo) =>
      expect(tried(duo, 'alice', offer()).failure).toMatchObject({
        severity: 'reject',
        code: 'shutdown_in_progress',
        expected: 'no new HTLC once the channel is being closed',
        section: 'BOLT 2, shutdown',
      })
    const script = opened().alice.context.shutdownScript
    for (const shutdown of [{ requested: script }, { local: script }, { remote: script }]) {
      const duo = opened()
      change(duo.alice, { shutdown })
      refused(duo)
    }
    expectTaken(opened(), 'alice', offer())
  })
})

describe('BOLT 2, removing an HTLC, sender', () => {
  const resolve = (id: number, resolution: Extract<ChannelCommand, { type: 'resolve_htlc' }>['resolution']) =>
    ({ type: 'resolve_htlc', id, resolution }) as const
  const section = 'BOLT 2, removing an HTLC, sender'
  const unknown = (id: number) =>
    ({
      severity: 'reject',
      code: 'unknown_htlc',
      expected: 'an HTLC of the peer that is irrevocably committed',
      got: `id ${id}`,
      section,
    }) as const

  it('an HTLC that there is, of the peer, irrevocable on both commitments: not before the last revocation', () => {
    const duo = opened()
    add(duo, 'alice', { amountMsat: 5_000_000n, secret: 1 })
    expectRefused(duo, 'alice', resolve(0, failing), unknown(0))
    input(duo, 'alice', { type: 'commit' })
    deliverNext(duo, 'bob')
    expectRefused(duo, 'bob', resolve(0, failing), unknown(0))
    // The commitment_signed, which Bob answers with his revocation and his own signature.
    deliverNext(duo, 'bob')
    input(duo, 'bob', { type: 'commit' })
    expectRefused(duo, 'bob', resolve(0, failing), unknown(0))
    deliverNext(duo, 'alice')
    deliverNext(duo, 'alice')
    expectRefused(duo, 'bob', resolve(0, failing), unknown(0))
    deliverNext(duo, 'bob')
    expectTaken(duo, 'bob', resolve(0, failing))
    expectRefused(duo, 'bob', resolve(1, failing), unknown(1))
  })

  it('once: the second decision is refused, whatever it is', () => {
    const duo = inPhase('bob', 'normal')
    expectTaken(duo, 'bob', resolve(0, failing))
    fulfill(duo, 'bob', 0, 1)
    for (const resolution of [failing, { type: 'fulfill', paymentPreimage: preimageOf(1) } as const]) {
      expectRefused(duo, 'bob', resolve(0, resolution), {
        severity: 'reject',
        code: 'htlc_already_resolved',
        expected: 'an HTLC of the peer that is irrevocably committed',
        got: 'id 0, which has a fulfill',
        section,
      })
    }
  })

  it('with a preimage that fits the message: a hash may be that of more or fewer than 32 bytes', () => {
    for (const length of [0, 31, 33]) {
      const duo = opened()
      const paymentPreimage = new Uint8Array(length).fill(7)
      input(duo, 'alice', offer({ paymentHash: paymentHash(sha256(paymentPreimage)) }))
      settle(duo)
      expect(tried(duo, 'bob', resolve(0, { type: 'fulfill', paymentPreimage })).failure).toMatchObject({
        severity: 'reject',
        code: 'wrong_preimage',
      })
    }
  })

  it('with its own preimage, or with BADONION', () => {
    const duo = inPhase('bob', 'normal')
    const receiver = 'BOLT 2, removing an HTLC, receiver'
    expectRefused(duo, 'bob', resolve(0, { type: 'fulfill', paymentPreimage: preimageOf(2) }), {
      severity: 'reject',
      code: 'wrong_preimage',
      expected: `a preimage of ${hashOf(1)}`,
      got: 'another one for HTLC 0',
      section: receiver,
    })
    expectTaken(duo, 'bob', resolve(0, { type: 'fulfill', paymentPreimage: preimageOf(1) }))
    const malformed = (failureCode: number) =>
      resolve(0, { type: 'fail_malformed', sha256OfOnion: new Uint8Array(32), failureCode })
    expectRefused(duo, 'bob', malformed(0x7005), {
      severity: 'reject',
      code: 'badonion_missing',
      expected: 'a failure_code with the BADONION bit 0x8000',
      got: '0x7005',
      section: receiver,
    })
    expectTaken(duo, 'bob', malformed(0xc005))
  })
})

describe('BOLT 2, update_fee, sender', () => {
  const fee = (value: number) => ({ type: 'update_fee', feeratePerKw: feeratePerKw(value) }) as const

  it('is the opener’s, within bounds, affordable, and a bounded share', () => {
    const section = 'BOLT 2, update_fee, sender'
    const duo = opened()
    expect(tried(duo, 'bob', fee(3_000)).failure).toMatchObject({ code: 'fee_update_by_accepter', section })
    for (const [bad, good] of [
      [252, 253],
      [250_001, 250_000],
    ] as const) {
      expectRefused(duo, 'alice', fee(bad), {
        severity: 'reject',
        code: 'feerate_out_of_bounds',
        expected: 'a feerate of 253 to 250000 sat per 1000 weight',
        got: `${bad}`,
        section,
      })
      expectTaken(duo, 'alice', fee(good))
    }
    const poor = channelWith(msat(15_000_000))
    expect(tried(poor, 'alice', fee(3_863)).failure).toMatchObject({ code: 'cannot_afford_feerate', section })
    expectTaken(poor, 'alice', fee(3_862))
    const bounded = opened({ limits: { alice: { maxCommitmentFeePartsPerMillion: 100_000 } } })
    expect(tried(bounded, 'alice', fee(88_382)).failure).toMatchObject({ code: 'fee_share_too_large', section })
    expectTaken(bounded, 'alice', fee(88_381))
  })

  it('not after our shutdown once nothing is left: the peer may have begun to negotiate (BOLT 2, shutdown, sender)', () => {
    const duo = opened()
    input(duo, 'alice', { type: 'shutdown' })
    expectRefused(duo, 'alice', fee(3_000), {
      severity: 'reject',
      code: 'update_after_shutdown',
      expected: 'no update once the channel is being closed and empty',
      got: 'update_fee',
      section: 'BOLT 2, shutdown',
    })
    const busy = inPhase('alice', 'shutting_down')
    expectTaken(busy, 'alice', fee(3_000))
    // The last HTLC is off every new commitment, and its revocation is on the way: Bob has nothing left already.
    fulfill(busy, 'alice', 0, 1)
    settle(busy)
    fulfill(busy, 'bob', 0, 1)
    input(busy, 'bob', { type: 'commit' })
    deliver(busy)
    expectTaken(busy, 'alice', fee(3_000))
    input(busy, 'alice', { type: 'commit' })
    expect(tried(busy, 'alice', fee(3_000)).failure?.code).toBe('update_after_shutdown')
  })

  it('of several in one batch the last one counts', () => {
    const duo = opened()
    for (const value of [3_000, 4_000, 2_600]) input(duo, 'alice', fee(value))
    settle(duo)
    for (const name of NAMES) expect(durableOf(duo[name])).toMatchObject({ feeratePerKw: 2_600, feeUpdates: [] })
  })
})
