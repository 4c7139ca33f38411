import { describe, expect, test } from 'vitest'
import { msat } from '../../src/base/index.ts'
import { type FailureMessage, type FailureName, failureCode, failureName } from '../../src/onion/index.ts'
import { payInput, secretOf } from './fixture.ts'
import { type Edge, failedBy, journey, known, payer } from './network.ts'
import { AMOUNT, adds, firstOf, invoiceOf, progress } from './ways.ts'

// Receiving failure codes (BOLT 4): what a payer does next, by the code and by who says it. Two ways lead over Bob to Dave, a third one over
// Carol is dearer.

const EDGES: readonly Edge[] = known([
  { id: 1, between: ['bob', 'dave'] },
  { id: 2, between: ['bob', 'dave'], asks: { base: 2_000n } },
  { id: 3, between: ['carol', 'dave'], asks: { base: 5_000n } },
])

const NO_UPDATE = { channelUpdate: new Uint8Array(0) }
const sha256OfOnion = secretOf(7)

/** What is sent next: over the other channel of Bob's, over Carol, or nothing. */
type Next = 'over_bob' | 'over_carol' | 'nothing'

const ROWS: Readonly<
  Record<FailureName, { readonly failure: FailureMessage; readonly hop: Next; readonly payee: Next }>
> = {
  temporary_node_failure: { failure: { type: 'temporary_node_failure' }, hop: 'over_carol', payee: 'nothing' },
  permanent_node_failure: { failure: { type: 'permanent_node_failure' }, hop: 'over_carol', payee: 'nothing' },
  required_node_feature_missing: {
    failure: { type: 'required_node_feature_missing' },
    hop: 'over_carol',
    payee: 'nothing',
  },
  invalid_onion_version: {
    failure: { type: 'invalid_onion_version', sha256OfOnion },
    hop: 'over_bob',
    payee: 'nothing',
  },
  invalid_onion_hmac: { failure: { type: 'invalid_onion_hmac', sha256OfOnion }, hop: 'over_bob', payee: 'nothing' },
  invalid_onion_key: { failure: { type: 'invalid_onion_key', sha256OfOnion }, hop: 'over_bob', payee: 'nothing' },
  temporary_channel_failure: {
    failure: { type: 'temporary_channel_failure', ...NO_UPDATE },
    hop: 'over_bob',
    payee: 'nothing',
  },
  permanent_channel_failure: { failure: { type: 'permanent_channel_failure' }, hop: 'over_bob', payee: 'nothing' },
  required_channel_feature_missing: {
    failure: { type: 'required_channel_feature_missing' },
    hop: 'over_bob',
    payee: 'nothing',
  },
  unknown_next_peer: { failure: { type: 'unknown_next_peer' }, hop: 'over_bob', payee: 'nothing' },
  amount_below_minimum: {
    failure: { type: 'amount_below_minimum', htlcMsat: msat(1), ...NO_UPDATE },
    hop: 'over_bob',
    payee: 'nothing',
  },
  fee_insufficient: {
    failure: { type: 'fee_insufficient', htlcMsat: msat(1), ...NO_UPDATE },
    hop: 'over_bob',
    payee: 'nothing',
  },
  incorrect_cltv_expiry: {
    failure: { type: 'incorrect_cltv_expiry', cltvExpiry: 1, ...NO_UPDATE },
    hop: 'over_bob',
    payee: 'nothing',
  },
  expiry_too_soon: { failure: { type: 'expiry_too_soon', ...NO_UPDATE }, hop: 'over_bob', payee: 'nothing' },
  incorrect_or_unknown_payment_details: {
    failure: { type: 'incorrect_or_unknown_payment_details', htlcMsat: msat(1), height: 1 },
    hop: 'over_carol',
    payee: 'nothing',
  },
  // Who has passed it on has changed it.
  final_incorrect_cltv_expiry: {
    failure: { type: 'final_incorrect_cltv_expiry', cltvExpiry: 1 },
    hop: 'over_carol',
    payee: 'over_bob',
  },
  final_incorrect_htlc_amount: {
    failure: { type: 'final_incorrect_htlc_amount', incomingHtlcAmt: msat(1) },
    hop: 'over_carol',
    payee: 'over_bob',
  },
  channel_disabled: {
    failure: { type: 'channel_disabled', disabledFlags: 0, ...NO_UPDATE },
    hop: 'over_bob',
    payee: 'nothing',
  },
  expiry_too_far: { failure: { type: 'expiry_too_far' }, hop: 'over_carol', payee: 'nothing' },
  invalid_onion_payload: {
    failure: { type: 'invalid_onion_payload', tlvType: 2n, offset: 0 },
    hop: 'over_carol',
    payee: 'nothing',
  },
  // All of it was there: there is nothing to wait for.
  mpp_timeout: { failure: { type: 'mpp_timeout' }, hop: 'over_carol', payee: 'nothing' },
  invalid_onion_blinding: {
    failure: { type: 'invalid_onion_blinding', sha256OfOnion },
    hop: 'over_bob',
    payee: 'nothing',
  },
}

function refusedBy(at: number, failure: FailureMessage) {
  const alice = payer(
    [
      ['bob', 500_000_000n],
      ['carol', 500_000_000n],
    ],
    EDGES,
  )
  const input = payInput(invoiceOf(), { wantsProgress: true })
  const add = alice.start(input, 0)
  const way = journey(add, 'bob')
  const effects = alice.step({ type: 'htlc_failed', link: 1, id: 0, resolution: failedBy(way, at, failure) })
  const [again] = adds(effects)
  const next: Next = again === undefined ? 'nothing' : firstOf(alice, again) === 'bob' ? 'over_bob' : 'over_carol'
  return { alice, input, next, said: progress(effects), again }
}

test('the table has every code', () => {
  const all = Array.from({ length: 0x10000 }, (_, code) => failureName(code)).filter(name => name !== undefined)
  expect(Object.keys(ROWS).toSorted()).toEqual(all.toSorted())
  for (const [name, { failure }] of Object.entries(ROWS)) expect(failure.type).toBe(name)
})

describe('of a hop on the way', () => {
  test.each(Object.entries(ROWS))('%s', (failureNamed, { failure, hop }) => {
    const { next, said, alice } = refusedBy(0, failure)
    expect(next).toBe(hop)
    expect(said).toMatchObject([
      { type: 'part_failed', hop: 1, failureName: failureNamed, message: expect.stringMatching(/^Hop 1 of the way/) },
    ])
    expect(alice.events).toEqual([])
  })
})

describe('of the payee', () => {
  test.each(Object.entries(ROWS))('%s', (failureNamed, { failure, payee }) => {
    const { next, said, alice, input } = refusedBy(1, failure)
    expect(next).toBe(payee)
    expect(said).toMatchObject([{ type: 'part_failed', hop: 2, failureName: failureNamed }])
    if (payee !== 'nothing') return
    expect(alice.paymentOf(input.request)).toMatchObject({
      status: 'failed',
      failure: { code: 'refused_by_recipient', message: expect.stringContaining(`(${failureNamed})`) },
    })
  })
})

describe('codes that BOLT 4 does not have', () => {
  const unknown = (code: number): FailureMessage => ({ type: 'unknown', code, data: new Uint8Array(0) })
  test.each([
    [0x2000 | 99, 'over_carol'],
    [0x6000 | 99, 'over_carol'],
    [0x4000 | 99, 'over_bob'],
    [0x1000 | 99, 'over_bob'],
    [0xc000 | 99, 'over_bob'],
    [99, 'over_bob'],
  ] as const)('%i mean what their flags mean', (code, hop) => {
    const { next, said } = refusedBy(0, unknown(code))
    expect(next).toBe(hop)
    expect(said[0]).not.toHaveProperty('failureName')
    expect(refusedBy(1, unknown(code)).next).toBe('nothing')
  })

  test('and data that do not fit their code change nothing about it', () => {
    expect(refusedBy(0, unknown(failureCode('expiry_too_far'))).next).toBe('over_carol')
    expect(refusedBy(0, unknown(failureCode('fee_insufficient'))).next).toBe('over_bob')
  })
})

test('what nobody has signed keeps out of the channels behind our peer', () => {
  const alice = payer([['bob', 500_000_000n]], EDGES)
  alice.start(payInput(invoiceOf(), { wantsProgress: true }), 0)
  const resolution = { type: 'fail', reason: new Uint8Array(292) } as const
  const [again] = adds(alice.step({ type: 'htlc_failed', link: 1, id: 0, resolution }))
  if (again === undefined) throw new Error('there is another one')
  expect(again.amountMsat).toBe(AMOUNT + 2_000n + 10_000n)
  alice.step({ type: 'added', payment: 1, link: 1, id: 1 })
  alice.step({ type: 'htlc_failed', link: 1, id: 1, resolution })
  expect(alice.events).toMatchObject([
    {
      payment: { failure: { code: 'refused_on_the_way', message: expect.stringMatching(/nobody on its way signed/) } },
    },
  ])
})

test('an onion that our peer could not read goes over another one of its channels, and then it is what it said', () => {
  const alice = payer([['bob', 500_000_000n]], EDGES)
  alice.start(payInput(invoiceOf()), 0)
  const resolution = {
    type: 'fail_malformed',
    sha256OfOnion,
    failureCode: failureCode('invalid_onion_hmac'),
  } as const
  for (let id = 0; alice.events.length === 0; id++) {
    const effects = alice.step({ type: 'htlc_failed', link: 1, id, resolution })
    if (adds(effects).length > 0) alice.step({ type: 'added', payment: 1, link: 1, id: id + 1 })
  }
  expect(alice.events).toMatchObject([
    { payment: { failure: { code: 'refused_on_the_way', message: expect.stringMatching(/invalid_onion_hmac/) } } },
  ])
})
