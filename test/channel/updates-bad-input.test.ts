import { describe, it } from 'vitest'
import { feeratePerKw, msat } from '../../src/base/index.ts'
import type { ChannelFailure } from '../../src/channel/failure.ts'
import type { PeerMessage } from '../../src/channel/types.ts'
import type { UpdateAddHtlc } from '../../src/wire/index.ts'
import { expectRefused, expectTaken, NAMES, said } from './attacks.ts'
import { change, channelWith } from './closingFixtures.ts'
import { type Duo, deliver, deliverNext, durableOf, input, type Name, opened, otherName } from './harness.ts'
import { add, fulfill, hashOf, preimageOf, settle } from './payments.ts'

// Every rule of BOLT 2 on the update messages, as their receiver: one message just over the line, and its twin at the line.
// Alice opens with 900,000 sat of 1,000,000; each keeps a reserve of 10,000 sat; the feerate is 2,500.

interface Row {
  readonly rule: string
  /** Who says it; the other one judges. */
  readonly by: Name
  readonly given?: () => Duo
  readonly bad: (duo: Duo) => PeerMessage
  readonly failure: Omit<ChannelFailure, 'severity' | 'section'> & { readonly section?: string }
  readonly good: (duo: Duo) => PeerMessage
}

function check(section: string, rows: readonly Row[]): void {
  for (const { rule, by, given, bad, failure, good } of rows) {
    it(`${rule}: refused just over the line, taken at it`, () => {
      const duo = (given ?? opened)()
      const to = otherName(by)
      expectRefused(duo, to, said(bad(duo)), { section, ...failure, severity: 'close_connection' })
      expectTaken(duo, to, said(good(duo)))
    })
  }
}

function offer(duo: Duo, by: Name, changes: Partial<UpdateAddHtlc> = {}): UpdateAddHtlc {
  const { params, nextHtlcId } = durableOf(duo[otherName(by)])
  return {
    type: 'update_add_htlc',
    channelId: params.channelId,
    id: nextHtlcId.remote,
    amountMsat: msat(5_000_000),
    paymentHash: hashOf(9),
    cltvExpiry: 300,
    onionRoutingPacket: new Uint8Array(1366),
    ...changes,
  }
}

/** Four offers of 5,000,000 msat stand; the receiver allows five, and 25,000,000 msat. */
function fourOf(by: Name): Duo {
  const bounds = { maxAcceptedHtlcs: 5, maxHtlcValueInFlightMsat: msat(25_000_000) }
  const duo = opened({ limits: { [otherName(by)]: bounds } })
  for (const secret of [1, 2, 3, 4]) add(duo, by, { amountMsat: 5_000_000n, secret })
  settle(duo)
  return duo
}

describe('BOLT 2, update_add_htlc, receiver', () => {
  check('BOLT 2, update_add_htlc, receiver', [
    {
      rule: 'the first id is 0',
      by: 'alice',
      bad: duo => offer(duo, 'alice', { id: 1 }),
      failure: { code: 'htlc_id_out_of_order', expected: 'id 0', got: 'id 1' },
      good: duo => offer(duo, 'alice', { id: 0 }),
    },
    {
      rule: 'each id is one more than the last, and none comes twice',
      by: 'bob',
      given: () => fourOf('bob'),
      bad: duo => offer(duo, 'bob', { id: 3 }),
      failure: { code: 'htlc_id_out_of_order', expected: 'id 4', got: 'id 3' },
      good: duo => offer(duo, 'bob', { id: 4 }),
    },
    {
      rule: 'an amount above 0, also where the minimum is 0',
      by: 'alice',
      given: () => opened({ limits: { bob: { htlcMinimumMsat: msat(0) } } }),
      bad: duo => offer(duo, 'alice', { amountMsat: msat(0) }),
      failure: { code: 'amount_below_minimum', expected: 'at least 0 msat and more than 0', got: '0 msat' },
      good: duo => offer(duo, 'alice', { amountMsat: msat(1) }),
    },
    {
      rule: 'an amount of at least htlc_minimum_msat',
      by: 'alice',
      given: () => opened({ limits: { bob: { htlcMinimumMsat: msat(12_345) } } }),
      bad: duo => offer(duo, 'alice', { amountMsat: msat(12_344) }),
      failure: { code: 'amount_below_minimum', expected: 'at least 12345 msat and more than 0', got: '12344 msat' },
      good: duo => offer(duo, 'alice', { amountMsat: msat(12_345) }),
    },
    {
      rule: 'a cltv_expiry in blocks',
      by: 'bob',
      bad: duo => offer(duo, 'bob', { cltvExpiry: 500_000_000 }),
      failure: { code: 'expiry_is_a_time', expected: 'a cltv_expiry in blocks, below 500000000', got: '500000000' },
      good: duo => offer(duo, 'bob', { cltvExpiry: 499_999_999 }),
    },
    {
      rule: 'a path_key is a point',
      by: 'alice',
      bad: duo => offer(duo, 'alice', { pathKey: new Uint8Array(33).fill(0xff).fill(2, 0, 1) }),
      failure: { code: 'invalid_point', expected: 'a path_key that is a point of the curve', got: 'other bytes' },
      good: duo => offer(duo, 'alice', { pathKey: durableOf(duo.bob).params.remote.basepoints.htlcBasepoint }),
    },
    ...NAMES.map(
      (by): Row => ({
        rule: `at most max_htlc_value_in_flight_msat on its way from ${by}`,
        by,
        given: () => fourOf(by),
        bad: duo => offer(duo, by, { amountMsat: msat(5_000_001) }),
        failure: {
          code: 'too_much_in_flight',
          expected: 'at most 25000000 msat offered at once',
          got: '25000001 msat',
        },
        good: duo => offer(duo, by, { amountMsat: msat(5_000_000) }),
      }),
    ),
    {
      rule: 'the opener keeps its reserve, and pays for the HTLC and both anchors',
      by: 'alice',
      bad: duo => offer(duo, 'alice', { amountMsat: msat(886_100_001) }),
      failure: {
        code: 'cannot_afford_htlc',
        expected: 'the sender to keep its channel reserve and, as opener, to pay fee and anchors',
        got: '886100001 msat, which leaves it 1 msat short',
      },
      // 900,000 sat without 10,000 of reserve, 660 of anchors and 2.5 × (1124 + 172) = 3,240 of fee.
      good: duo => offer(duo, 'alice', { amountMsat: msat(886_100_000) }),
    },
    {
      rule: 'the opener keeps its reserve and pays for the HTLC, without anchors',
      by: 'alice',
      given: () => opened({ format: 'static_remotekey' }),
      bad: duo => offer(duo, 'alice', { amountMsat: msat(887_760_001) }),
      failure: {
        code: 'cannot_afford_htlc',
        expected: 'the sender to keep its channel reserve and, as opener, to pay fee and anchors',
        got: '887760001 msat, which leaves it 1 msat short',
      },
      // The fee is 2.5 × (724 + 172) = 2,240 sat.
      good: duo => offer(duo, 'alice', { amountMsat: msat(887_760_000) }),
    },
    {
      rule: 'the accepter keeps its reserve, and pays no fee',
      by: 'bob',
      bad: duo => offer(duo, 'bob', { amountMsat: msat(90_000_001) }),
      failure: {
        code: 'cannot_afford_htlc',
        expected: 'the sender to keep its channel reserve and, as opener, to pay fee and anchors',
        got: '90000001 msat, which leaves it 1 msat short',
      },
      good: duo => offer(duo, 'bob', { amountMsat: msat(90_000_000) }),
    },
    {
      rule: 'an amount within the balance',
      by: 'bob',
      bad: duo => offer(duo, 'bob', { amountMsat: msat(100_000_001) }),
      failure: {
        code: 'amount_above_balance',
        expected: 'at most the balance of 100000000 msat',
        got: '100000001 msat',
      },
      good: duo => offer(duo, 'bob', { amountMsat: msat(1) }),
    },
    {
      rule: 'no HTLC after the own shutdown, though after the shutdown of the other side',
      by: 'bob',
      given: () => {
        const duo = opened()
        add(duo, 'alice', { amountMsat: 5_000_000n, secret: 1 })
        settle(duo)
        input(duo, 'bob', { type: 'shutdown' })
        deliverNext(duo, 'alice')
        return duo
      },
      bad: duo => offer(duo, 'bob'),
      failure: {
        code: 'shutdown_in_progress',
        expected: 'no new HTLC once the channel is being closed',
        got: 'HTLC 0',
        section: 'BOLT 2, shutdown',
      },
      good: duo => ({
        type: 'update_fail_htlc',
        channelId: offer(duo, 'bob').channelId,
        id: 0,
        reason: new Uint8Array(3),
      }),
    },
  ])

  for (const by of NAMES) {
    const to = otherName(by)
    const tooMany = {
      severity: 'close_connection',
      section: 'BOLT 2, update_add_htlc, receiver',
      code: 'too_many_htlcs',
      expected: 'at most 5 HTLCs offered at once',
      got: '6',
    } as const
    it(`at most max_accepted_htlcs from ${by}: the fifth of five is taken, the sixth refused until a removal is acknowledged`, () => {
      const duo = fourOf(by)
      const sixth = () => said(offer(duo, by, { amountMsat: msat(1) }))
      expectTaken(duo, to, sixth())
      add(duo, by, { amountMsat: 1_000n, secret: 5 })
      settle(duo)
      expectRefused(duo, to, sixth(), tooMany)
      fulfill(duo, to, 0, 1)
      expectRefused(duo, to, sixth(), tooMany)
      input(duo, to, { type: 'commit' })
      deliver(duo)
      expectTaken(duo, to, sixth())
    })
  }

  it('the same payment_hash twice, while the first is live, is taken', () => {
    const duo = fourOf('alice')
    expectTaken(duo, 'bob', said(offer(duo, 'alice', { paymentHash: hashOf(1) })))
  })

  it('an offer after the shutdown of the other side, which its sender has not seen, is taken', () => {
    const duo = opened()
    input(duo, 'bob', { type: 'shutdown' })
    expectTaken(duo, 'bob', said(offer(duo, 'alice')))
  })
})

/** Alice has offered 0 and 1, Bob has offered 0; all irrevocable. */
function withHtlcs(): Duo {
  const duo = opened()
  add(duo, 'alice', { amountMsat: 5_000_000n, secret: 1 })
  add(duo, 'alice', { amountMsat: 6_000_000n, secret: 2 })
  add(duo, 'bob', { amountMsat: 4_000_000n, secret: 3 })
  settle(duo)
  return duo
}

const removal = {
  fulfill: (duo: Duo, id: number, secret: number): PeerMessage => ({
    type: 'update_fulfill_htlc',
    channelId: durableOf(duo.alice).params.channelId,
    id,
    paymentPreimage: preimageOf(secret),
  }),
  fail: (duo: Duo, id: number): PeerMessage => ({
    type: 'update_fail_htlc',
    channelId: durableOf(duo.alice).params.channelId,
    id,
    reason: new Uint8Array(0),
  }),
  malformed: (duo: Duo, id: number, failureCode = 0x8000): PeerMessage => ({
    type: 'update_fail_malformed_htlc',
    channelId: durableOf(duo.alice).params.channelId,
    id,
    sha256OfOnion: new Uint8Array(32),
    failureCode,
  }),
}

describe('BOLT 2, removing an HTLC, receiver', () => {
  const expected = 'the id of an HTLC that is irrevocably committed and not removed yet'
  const kinds = [
    ['update_fulfill_htlc', removal.fulfill],
    ['update_fail_htlc', removal.fail],
    ['update_fail_malformed_htlc', (duo: Duo, id: number) => removal.malformed(duo, id)],
  ] as const
  for (const [type, make] of kinds) {
    check('BOLT 2, removing an HTLC, receiver', [
      {
        rule: `${type}: the id of an HTLC that there is`,
        by: 'bob',
        given: withHtlcs,
        bad: duo => make(duo, 2, 2),
        failure: { code: 'unknown_htlc', expected, got: 'id 2' },
        good: duo => make(duo, 1, 2),
      },
      {
        rule: `${type}: the id of an HTLC that the other side has offered`,
        by: 'alice',
        given: withHtlcs,
        bad: duo => make(duo, 1, 2),
        failure: { code: 'unknown_htlc', expected, got: 'id 1' },
        good: duo => make(duo, 0, 3),
      },
      {
        rule: `${type}: not while the HTLC is on one commitment only`,
        by: 'bob',
        given: () => {
          const duo = withHtlcs()
          add(duo, 'alice', { amountMsat: 5_000_000n, secret: 4 })
          input(duo, 'alice', { type: 'commit' })
          deliver(duo)
          return duo
        },
        bad: duo => make(duo, 2, 4),
        failure: { code: 'unknown_htlc', expected, got: 'id 2, added: acknowledged, removed: no' },
        good: duo => {
          settle(duo)
          return make(duo, 2, 4)
        },
      },
      {
        rule: `${type}: not twice`,
        by: 'bob',
        given: () => {
          const duo = withHtlcs()
          fulfill(duo, 'bob', 0, 1)
          deliver(duo)
          return duo
        },
        bad: duo => make(duo, 0, 1),
        failure: { code: 'unknown_htlc', expected, got: 'id 0, added: irrevocable, removed: proposed' },
        good: duo => make(duo, 1, 2),
      },
    ])
  }

  check('BOLT 2, removing an HTLC, receiver', [
    {
      rule: 'update_fulfill_htlc: the preimage of its own HTLC, not of another one',
      by: 'bob',
      given: withHtlcs,
      bad: duo => removal.fulfill(duo, 0, 2),
      failure: { code: 'wrong_preimage', expected: `a preimage of ${hashOf(1)}`, got: 'another one for HTLC 0' },
      good: duo => removal.fulfill(duo, 0, 1),
    },
    {
      rule: 'update_fail_malformed_htlc: a failure_code with BADONION',
      by: 'bob',
      given: withHtlcs,
      bad: duo => removal.malformed(duo, 0, 0x7fff),
      failure: {
        code: 'badonion_missing',
        expected: 'a failure_code with the BADONION bit 0x8000',
        got: '0x7fff',
      },
      good: duo => removal.malformed(duo, 0, 0x8000),
    },
  ])
})

describe('BOLT 2, update_fee, receiver', () => {
  const fee = (duo: Duo, value: number): PeerMessage => ({
    type: 'update_fee',
    channelId: durableOf(duo.alice).params.channelId,
    feeratePerKw: feeratePerKw(value),
  })
  check('BOLT 2, update_fee, receiver', [
    {
      rule: 'a feerate that is not too low',
      by: 'alice',
      bad: duo => fee(duo, 252),
      failure: {
        code: 'feerate_out_of_bounds',
        expected: 'a feerate of 253 to 250000 sat per 1000 weight',
        got: '252',
      },
      good: duo => fee(duo, 253),
    },
    {
      rule: 'a feerate that is not unreasonably large',
      by: 'alice',
      bad: duo => fee(duo, 250_001),
      failure: {
        code: 'feerate_out_of_bounds',
        expected: 'a feerate of 253 to 250000 sat per 1000 weight',
        got: '250001',
      },
      good: duo => fee(duo, 250_000),
    },
    {
      rule: 'a feerate that leaves the opener its reserve',
      by: 'alice',
      // 15,000 sat are 10,000 of reserve, 660 of anchors and a fee of 4,340, which 1,124 weight cost at 3,861 to 3,862.
      given: () => channelWith(msat(15_000_000)),
      bad: duo => fee(duo, 3_863),
      failure: {
        code: 'cannot_afford_feerate',
        expected: 'the opener to pay the fee and to keep its channel reserve',
        got: '3863 sat per 1000 weight, which leaves it 2000 msat short',
      },
      good: duo => fee(duo, 3_862),
    },
    {
      rule: 'a commitment fee that is a bounded share of the capacity',
      by: 'alice',
      given: () => opened({ limits: { bob: { maxCommitmentFeePartsPerMillion: 100_000 } } }),
      // 99,340 sat of fee and 660 of anchors are the tenth part.
      bad: duo => fee(duo, 88_382),
      failure: {
        code: 'fee_share_too_large',
        expected: 'a commitment fee of at most 10 % of the capacity',
        got: '100001000 msat of 1000000 sat',
      },
      good: duo => fee(duo, 88_381),
    },
  ])

  it('only the opener pays, so only the opener says it', () => {
    const duo = opened()
    expectRefused(duo, 'alice', said(fee(duo, 2_500)), {
      severity: 'close_connection',
      code: 'fee_update_by_accepter',
      expected: 'update_fee from the opener only',
      got: 'one from the accepter',
      section: 'BOLT 2, update_fee, receiver',
    })
    expectTaken(duo, 'bob', said(fee(duo, 2_500)))
  })

  it('none once both have said shutdown and no HTLC is left, though an earlier one may still be on its way', () => {
    const duo = opened()
    add(duo, 'alice', { amountMsat: 5_000_000n, secret: 1 })
    settle(duo)
    input(duo, 'bob', { type: 'shutdown' })
    deliver(duo)
    expectTaken(duo, 'bob', said(fee(duo, 3_000)))
    change(duo.bob, { htlcs: [], feeUpdates: [{ feeratePerKw: feeratePerKw(2_600), stage: 'acknowledged' }] })
    expectRefused(duo, 'bob', said(fee(duo, 3_000)), {
      severity: 'close_connection',
      code: 'update_after_shutdown',
      expected: 'no update once the channel is being closed and empty',
      got: 'update_fee',
      section: 'BOLT 2, shutdown',
    })
  })
})
