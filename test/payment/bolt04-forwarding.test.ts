import { describe, expect, test } from 'vitest'
import { type ChannelId, defined, fromHex, msat, type PaymentHash, toHex } from '../../src/base/index.ts'
import type { HtlcResolution } from '../../src/channel/index.ts'
import { sha256, sha256d, verifyEcdsa } from '../../src/crypto/index.ts'
import { buildFailure, failureCode } from '../../src/onion/index.ts'
import {
  DEFAULT_PAYMENT_LIMITS,
  type Outgoing,
  type PaymentEffect,
  type PaymentLimits,
} from '../../src/payment/index.ts'
import { decodeMessage, shortChannelId } from '../../src/wire/index.ts'
import { fresh, HEIGHT, idOf, NOT_NOW, Node, nextRequest, START, secretOf, takenWith } from './fixture.ts'
import { arrive, hashOf, readFailure, resolutionsIn, type Sent, sent } from './onions.ts'

// Bob between Alice and Carol (BOLT 2, forwarding HTLCs; BOLT 4, failure messages, requirements of a forwarding node).

const CAROL = idOf(secretOf(0xca))
const ALICE = { link: 1, peer: idOf(secretOf(0xa1)) }
const DAVE = { link: 3, peer: idOf(secretOf(0xda)) }
const SCID = shortChannelId({ blockHeight: 700, txIndex: 3, outputIndex: 1 })
const ID = '02'.repeat(32) as ChannelId

// What the default policy asks for 100000 msat: 1000 and 100 millionths.
const AMOUNT = 100_000n
const FEE = 1_010n
const OUT_EXPIRY = HEIGHT + 40

const WAY: Outgoing = {
  link: 2,
  channelId: ID,
  peer: CAROL,
  standing: 'usable',
  announced: true,
  takesPathKey: false,
  spendableMsat: msat(50_000_000n),
  htlcMinimumMsat: msat(1_000n),
  htlcMaximumMsat: msat(90_000_000n),
  dustLimitMsat: msat(354_000n),
  createdAt: START - 5_000,
}

function bob(ways: readonly Outgoing[] = [WAY], limits: Partial<PaymentLimits> = {}): Node {
  const node = new Node(secretOf(0xb0), { limits: { ...DEFAULT_PAYMENT_LIMITS, ...limits } })
  node.ways.set(SCID, ways)
  return node
}

interface Wish {
  readonly hash?: PaymentHash
  readonly amount?: bigint
  readonly fee?: bigint
  readonly delta?: number
  readonly outExpiry?: number
}

/** An HTLC of a peer's that Bob is to pass on to Carol. */
function passed(node: Node, id: number, wish: Wish = {}): Sent {
  const { hash = hashOf(fresh()), amount = AMOUNT, fee = FEE, delta = 80, outExpiry = OUT_EXPIRY } = wish
  const via = [{ node: node.id, shortChannelId: SCID, amtToForward: amount, outgoingCltvValue: outExpiry }]
  return sent(id, CAROL, hash, { amount }, { via, amountMsat: msat(amount + fee), cltvExpiry: outExpiry + delta })
}

type ForwardHtlc = Extract<PaymentEffect, { type: 'forward_htlc' }>
const forwardsIn = (effects: readonly PaymentEffect[]): readonly ForwardHtlc[] =>
  effects.flatMap(effect => (effect.type === 'forward_htlc' ? [effect] : []))

/** It comes, and Carol's channel takes it under this id. */
function takenOn(node: Node, htlc: Sent, id: number, from = ALICE): ForwardHtlc {
  const wanted = defined(forwardsIn(arrive(node, htlc, from))[0], 'it is passed on')
  expect(node.step({ type: 'forwarded', inbound: wanted.inbound, link: wanted.link, id })).toEqual([])
  return wanted
}

/** What the origin reads in the only answer. */
function refusalIn(effects: readonly PaymentEffect[], htlc: Sent) {
  expect(forwardsIn(effects)).toEqual([])
  const [only, ...more] = resolutionsIn(effects)
  expect(more).toEqual([])
  return readFailure(only?.resolution, htlc)
}

describe('an HTLC that is for Carol', () => {
  test('is offered to her as the onion says, and written down with the offer', () => {
    const node = bob()
    const htlc = passed(node, 7)
    const wanted = takenOn(node, htlc, 4)
    expect(wanted).toMatchObject({
      inbound: { link: 1, id: 7 },
      link: 2,
      amountMsat: AMOUNT,
      cltvExpiry: OUT_EXPIRY,
      paymentHash: htlc.htlc.paymentHash,
    })
    expect(wanted.onionRoutingPacket).toHaveLength(1366)
    expect([...node.store.keys()].filter(key => key.startsWith('forward/'))).toEqual(['forward/1/7'])
    expect(node.state.session.offers.size).toBe(0)
  })

  test('is known when it comes again, also after a start', () => {
    const node = bob()
    const htlc = passed(node, 7)
    takenOn(node, htlc, 4)
    expect(arrive(node, htlc, ALICE)).toEqual([])
    node.restart()
    expect(arrive(node, htlc, ALICE)).toEqual([])
  })

  test.each([[false], [true]])(
    'is fulfilled upstream as soon as the preimage is there; after a start: %s',
    restarted => {
      const node = bob()
      const preimage = fresh()
      takenOn(node, passed(node, 7, { hash: hashOf(preimage) }), 4)
      if (restarted) node.restart()
      const event = { type: 'htlc_fulfilled', link: 2, id: 4, paymentPreimage: preimage } as const
      const effects = node.step(event)
      expect(resolutionsIn(effects)).toEqual([
        { type: 'resolve_htlc', link: 1, id: 7, resolution: takenWith(preimage) },
      ])
      expect(node.holds).toMatchObject([
        { type: 'payment_forwarded', from: ALICE.peer, to: CAROL, amountMsat: AMOUNT, feeMsat: FEE },
      ])
      expect([...node.store.keys()].filter(key => key.startsWith('forward/'))).toEqual([])
      // Whatever the channel says after that, upstream has the preimage.
      expect(node.step(event)).toEqual([])
      expect(node.step({ type: 'htlc_timed_out', link: 2, id: 4, cause: 'no_output' })).toEqual([])
    },
  )

  test('brings back what Carol says, wrapped once more', () => {
    const node = bob()
    const htlc = passed(node, 7)
    takenOn(node, htlc, 4)
    node.restart()
    const failure = { type: 'incorrect_or_unknown_payment_details', htlcMsat: msat(AMOUNT), height: HEIGHT } as const
    const secret = defined(htlc.sharedSecrets[1], 'one for each hop')
    const { reason } = buildFailure({ sharedSecret: secret, failure })
    const effects = node.step({ type: 'htlc_failed', link: 2, id: 4, resolution: { type: 'fail', reason } })
    expect(refusalIn(effects, htlc)).toEqual(failure)
    expect(node.state.forwards.size).toBe(0)
  })

  test('that Carol could not read goes back with her code, in our name', () => {
    const node = bob()
    const htlc = passed(node, 7)
    const { onionRoutingPacket } = takenOn(node, htlc, 4)
    const sha256OfOnion = sha256(onionRoutingPacket)
    const resolution: HtlcResolution = {
      type: 'fail_malformed',
      sha256OfOnion,
      failureCode: failureCode('invalid_onion_hmac'),
    }
    const effects = node.step({ type: 'htlc_failed', link: 2, id: 4, resolution })
    expect(refusalIn(effects, htlc)).toEqual({ type: 'invalid_onion_hmac', sha256OfOnion })
  })

  test.each([['output_taken_back'], ['no_output'], ['given_up']] as const)(
    'goes back when the chain says %s',
    cause => {
      const node = bob()
      const htlc = passed(node, 7)
      takenOn(node, htlc, 4)
      const effects = node.step({ type: 'htlc_timed_out', link: 2, id: 4, cause })
      expect(refusalIn(effects, htlc)).toEqual({ type: 'permanent_channel_failure' })
    },
  )

  test.each([
    [false, 'temporary_channel_failure'],
    [true, 'permanent_channel_failure'],
  ])('goes back where no commitment ever held it; for good: %s', (forGood, type) => {
    const node = bob()
    const htlc = passed(node, 7)
    takenOn(node, htlc, 4)
    node.restart()
    expect(refusalIn(node.step({ type: 'htlc_dropped', link: 2, id: 4, forGood }), htlc)).toMatchObject({ type })
  })

  test('is told from another one with the same hash and amount by its link and id alone', () => {
    const node = bob()
    const preimage = fresh()
    const hash = hashOf(preimage)
    const htlcs = [passed(node, 7, { hash }), passed(node, 7, { hash }), passed(node, 8, { hash })]
    const froms = [ALICE, DAVE, ALICE]
    for (const [index, htlc] of htlcs.entries()) takenOn(node, htlc, 20 + index, froms[index])
    const failed = node.step({ type: 'htlc_timed_out', link: 2, id: 21, cause: 'output_taken_back' })
    expect(resolutionsIn(failed)).toMatchObject([{ link: 3, id: 7, resolution: { type: 'fail' } }])
    const taken = node.step({ type: 'htlc_fulfilled', link: 2, id: 22, paymentPreimage: preimage })
    expect(resolutionsIn(taken)).toMatchObject([{ link: 1, id: 8, resolution: { type: 'fulfill' } }])
    expect([...node.store.keys()].filter(key => key.startsWith('forward/'))).toEqual(['forward/1/7'])
  })

  test('is not mistaken for a payment to us whose hash it has', () => {
    const node = bob()
    const { paymentHash } = node.invoice()
    takenOn(node, passed(node, 7, { hash: paymentHash }), 4)
    expect(node.events).toEqual([])
  })
})

describe('the failure of a forwarding node', () => {
  interface Case {
    readonly name: string
    readonly wish?: Wish
    readonly way?: Partial<Outgoing>
    readonly policy?: object
    readonly failure: object
  }
  const cases: readonly Case[] = [
    {
      name: 'less than the peer takes',
      wish: { amount: 999n },
      failure: { type: 'amount_below_minimum', htlcMsat: 999n },
    },
    {
      name: 'less than our user wants',
      policy: { htlcMinimumMsat: msat(100_001n) },
      failure: { type: 'amount_below_minimum', htlcMsat: AMOUNT },
    },
    {
      name: 'a fee that is 1 msat short',
      wish: { fee: FEE - 1n },
      failure: { type: 'fee_insufficient', htlcMsat: AMOUNT + FEE - 1n },
    },
    {
      name: 'a fee that our user has raised',
      policy: { feeBaseMsat: msat(1_001n) },
      failure: { type: 'fee_insufficient' },
    },
    {
      name: '79 blocks between',
      wish: { delta: 79 },
      failure: { type: 'incorrect_cltv_expiry', cltvExpiry: OUT_EXPIRY },
    },
    { name: 'an expiry within 3 blocks', wish: { outExpiry: HEIGHT + 3 }, failure: { type: 'expiry_too_soon' } },
    {
      name: 'a channel that our user has switched off',
      policy: { disabled: true },
      failure: { type: 'channel_disabled', disabledFlags: 0 },
    },
    {
      name: 'more than our user wants',
      policy: { htlcMaximumMsat: msat(99_999n) },
      failure: { type: 'temporary_channel_failure' },
    },
    {
      name: 'more than the channel holds',
      way: { spendableMsat: msat(99_999n) },
      failure: { type: 'temporary_channel_failure' },
    },
    {
      name: 'more than it can take at all',
      way: { htlcMaximumMsat: msat(99_999n) },
      failure: { type: 'temporary_channel_failure' },
    },
    { name: 'a peer that is not there', way: { standing: 'away' }, failure: { type: 'temporary_channel_failure' } },
  ]
  test.each(cases)('$name', ({ wish, way, policy, failure }) => {
    const node = bob([{ ...WAY, ...way }])
    if (policy !== undefined) node.step({ type: 'set_policy', request: nextRequest(), channelId: ID, ...policy })
    const htlc = passed(node, 7, wish)
    const found = refusalIn(arrive(node, htlc, ALICE), htlc)
    expect(found).toMatchObject(failure)
    // Signed by us, and under the id that the onion has.
    const update = 'channelUpdate' in found ? found.channelUpdate : new Uint8Array(0)
    const decoded = decodeMessage(update)
    if (!decoded.ok || decoded.value.type !== 'channel_update') throw new Error('a channel_update')
    const { signature, shortChannelId: id, channelFlags, htlcMaximumMsat } = decoded.value
    expect(verifyEcdsa(signature, sha256d(update.subarray(66)), fromHex(node.id))).toBe(true)
    expect([id, (channelFlags & 2) !== 0, (channelFlags & 1) === 0]).toEqual([
      SCID,
      policy !== undefined && 'disabled' in policy,
      node.id < CAROL,
    ])
    expect(htlcMaximumMsat).toBeLessThanOrEqual(90_000_000n)
    expect(node.state.forwards.size).toBe(0)
  })

  test('each is just not given one step before', () => {
    for (const wish of [{ amount: 1_000n, fee: 1_000n }, { fee: FEE }, { delta: 80 }, { outExpiry: HEIGHT + 4 }]) {
      const node = bob()
      takenOn(node, passed(node, 7, wish), 4)
    }
  })

  test('unknown_next_peer, where no channel of ours has the id', () => {
    const node = bob()
    node.ways.clear()
    const htlc = passed(node, 7)
    expect(refusalIn(arrive(node, htlc, ALICE), htlc)).toEqual({ type: 'unknown_next_peer' })
  })

  test('permanent_channel_failure, where the channel is being closed', () => {
    const node = bob([{ ...WAY, standing: 'closing' }])
    const htlc = passed(node, 7)
    expect(refusalIn(arrive(node, htlc, ALICE), htlc)).toEqual({ type: 'permanent_channel_failure' })
  })

  test('expiry_too_far, where it would hold our money for weeks', () => {
    const node = bob()
    const htlc = passed(node, 7, { outExpiry: HEIGHT + 1_937 })
    expect(refusalIn(arrive(node, htlc, ALICE), htlc)).toEqual({ type: 'expiry_too_far' })
    takenOn(node, passed(node, 8, { outExpiry: HEIGHT + 1_936 }), 4)
  })

  test('temporary_node_failure, where no block has come for long', () => {
    const node = bob().at({ tipIsOld: true })
    const htlc = passed(node, 7)
    expect(refusalIn(arrive(node, htlc, ALICE), htlc)).toEqual({ type: 'temporary_node_failure' })
  })

  test('temporary_channel_failure, where there is too much dust on the incoming channel', () => {
    const node = bob()
    const htlc = passed(node, 7)
    const effects = node.step({ type: 'htlc_received', ...ALICE, htlc: htlc.htlc, overDustExposure: true })
    expect(refusalIn(effects, htlc)).toMatchObject({ type: 'temporary_channel_failure' })
  })

  test('temporary_channel_failure, where the channel does not take it', () => {
    const node = bob()
    const htlc = passed(node, 7)
    const wanted = defined(forwardsIn(arrive(node, htlc, ALICE))[0], 'it is offered')
    const effects = node.step({ type: 'not_forwarded', inbound: wanted.inbound, link: 2, failure: NOT_NOW })
    expect(refusalIn(effects, htlc)).toMatchObject({ type: 'temporary_channel_failure' })
    expect(node.state.session.offers.size).toBe(0)
  })
})

describe('another channel with Carol', () => {
  const OTHER: Outgoing = { ...WAY, link: 5, channelId: '05'.repeat(32) as ChannelId }

  test('takes what the one that was named cannot', () => {
    const node = bob([{ ...WAY, standing: 'away' }, OTHER])
    expect(takenOn(node, passed(node, 7), 4).link).toBe(5)
  })

  test('or does not take after all', () => {
    const node = bob([WAY, OTHER])
    const [first] = forwardsIn(arrive(node, passed(node, 7), ALICE))
    const [second] = forwardsIn(
      node.step({ type: 'not_forwarded', inbound: { link: 1, id: 7 }, link: 2, failure: NOT_NOW }),
    )
    expect([first?.link, second?.link]).toEqual([2, 5])
    expect(second?.onionRoutingPacket).toEqual(first?.onionRoutingPacket)
  })

  test('does not stand in where it asks for more', () => {
    const node = bob([{ ...WAY, standing: 'away' }, OTHER])
    node.step({ type: 'set_policy', request: nextRequest(), channelId: OTHER.channelId, feeBaseMsat: msat(1_001n) })
    const htlc = passed(node, 7)
    expect(refusalIn(arrive(node, htlc, ALICE), htlc)).toMatchObject({ type: 'temporary_channel_failure' })
  })
})

describe('the time upstream', () => {
  const deadline = OUT_EXPIRY + 80 - DEFAULT_PAYMENT_LIMITS.upstreamDeadlineBlocks

  test('is kept: 3 blocks before its expiry the HTLC goes back, whatever becomes of the other one', () => {
    const node = bob()
    const htlc = passed(node, 7)
    takenOn(node, htlc, 4)
    node.restart()
    expect(node.at({ height: deadline - 1 }).step({ type: 'block' })).toEqual([])
    const effects = node.at({ height: deadline }).step({ type: 'block' })
    expect(refusalIn(effects, htlc)).toEqual({ type: 'permanent_channel_failure' })
    // Too late.
    expect(node.step({ type: 'htlc_fulfilled', link: 2, id: 4, paymentPreimage: fresh() })).toEqual([])
  })

  test('is used up where the channel upstream is closed already', () => {
    const node = bob()
    const preimage = fresh()
    takenOn(node, passed(node, 7, { hash: hashOf(preimage) }), 4)
    node.closing.add(1)
    expect(resolutionsIn(node.at({ height: deadline + 2 }).step({ type: 'block' }))).toEqual([])
    const effects = node.step({ type: 'htlc_fulfilled', link: 2, id: 4, paymentPreimage: preimage })
    expect(resolutionsIn(effects)).toMatchObject([{ link: 1, id: 7, resolution: { type: 'fulfill' } }])
  })

  test('and ends some day', () => {
    const node = bob()
    takenOn(node, passed(node, 7), 4)
    node.closing.add(1)
    node.at({ height: OUT_EXPIRY + 80 + 2_016 }).step({ type: 'block' })
    expect(node.state.forwards.size).toBe(0)
  })
})

describe('what one peer may use', () => {
  test.each([
    ['slots', { maxForwardsPerPeer: 2 }],
    ['money', { maxForwardedMsatPerPeer: msat(3n * AMOUNT) }],
    ['dust', { maxForwardedDustMsatPerPeer: msat(3n * AMOUNT) }],
  ])('has a bound: %s', (_name, limits) => {
    const node = bob([WAY], limits)
    for (const id of [1, 2]) takenOn(node, passed(node, id), id)
    node.restart()
    const third = passed(node, 3)
    expect(refusalIn(arrive(node, third, ALICE), third)).toMatchObject({ type: 'temporary_channel_failure' })
    // Others have their own.
    takenOn(node, passed(node, 3), 3, DAVE)
    // What has ended counts no more.
    node.step({ type: 'htlc_timed_out', link: 2, id: 1, cause: 'no_output' })
    takenOn(node, passed(node, 4), 4)
  })

  test('and so has all of it together', () => {
    const node = bob([WAY], { maxForwards: 1 })
    takenOn(node, passed(node, 1), 1)
    const second = passed(node, 1)
    expect(refusalIn(arrive(node, second, DAVE), second)).toMatchObject({ type: 'temporary_channel_failure' })
  })

  test('only what is dust counts as dust', () => {
    const node = bob([WAY], { maxForwardedDustMsatPerPeer: msat(1n) })
    const small = passed(node, 1)
    expect(refusalIn(arrive(node, small, ALICE), small)).toMatchObject({ type: 'temporary_channel_failure' })
    takenOn(node, passed(node, 2, { amount: 354_000n, fee: 2_000n }), 2)
  })
})

test('a record that is damaged is not loaded', () => {
  const node = bob()
  takenOn(node, passed(node, 7), 4)
  const record = defined(node.store.get('forward/1/7'), 'it is stored')
  node.store.set('forward/1/8', record)
  expect(() => node.restart()).toThrow(/forward\/1\/8/)
  expect(toHex(record)).not.toBe('')
})
