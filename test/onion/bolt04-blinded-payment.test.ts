import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, fromHex, msat, nodeId, type PaymentHash, paymentHash, toHex } from '../../src/base/index.ts'
import { publicKeyFromSecret, sha256 } from '../../src/crypto/index.ts'
import {
  aggregateRelays,
  buildFailure,
  buildOnion,
  createBlindedPath,
  decodeFailure,
  decodeFinalPayload,
  decodeIntermediatePayload,
  encodeFinalPayload,
  encodeIntermediatePayload,
  type OnionFailure,
  type OnionHtlc,
  openPaymentOnion,
  type RecipientData,
  refuseOnion,
  relayAmounts,
} from '../../src/onion/index.ts'
import { featureBits, ONION_ROUTING_PACKET_LENGTH, shortChannelId } from '../../src/wire/index.ts'
import vectors from './bolt04-blinded-payment.vectors.json' with { type: 'json' }
import { errorOf, idOf, NOTHING, okOf, payloadOf, secret } from './fixture.ts'
import { dataOf } from './recipientData.ts'

describe.each(vectors.cases)('BOLT 4, blinded payment test vector: $name', vector => {
  const associatedData = fromHex(vector.associatedData)
  const hops = vector.fullRoute.map(({ pubkey, payload }) => ({
    nodeId: nodeId(fromHex(pubkey)),
    payload: payloadOf(payload),
  }))
  const printedData = (i: number) => dataOf(vector.fullRoute[i]?.tlvs.encryptedRecipientData ?? {})

  test('takes the fees and deltas of the path together', () => {
    const relays = [1, 2, 3].map(i => printedData(i).paymentRelay)
    if (relays.includes(undefined)) throw new Error('each node that passes on has a relay')
    expect(
      aggregateRelays(
        relays.flatMap(relay => relay ?? []),
        0,
      ),
    ).toEqual({
      feeBaseMsat: msat(BigInt(vector.blindedPayinfo.feeBaseMsat)),
      feeProportionalMillionths: vector.blindedPayinfo.feeProportionalMillionths,
      cltvExpiryDelta: vector.blindedPayinfo.cltvExpiryDelta,
    })
  })

  test('reads and writes the payloads', () => {
    for (const { payload } of hops.slice(0, 4)) {
      const pathKey = payload.length < 82 && payload[0] === 10 ? publicKeyFromSecret(secret(1)) : undefined
      expect(encodeIntermediatePayload(okOf(decodeIntermediatePayload(payload, { pathKey })))).toEqual(payload)
    }
    const last = hops[4]?.payload ?? NOTHING
    const final = okOf(decodeFinalPayload(last, { pathKey: publicKeyFromSecret(secret(1)) }))
    expect(final).toMatchObject({ type: 'blinded', totalMsat: msat(150_000) })
    expect(encodeFinalPayload(final)).toEqual(last)
  })

  test('builds the onion', () => {
    const { packet } = okOf(buildOnion({ sessionKey: fromHex(vector.sessionKey), associatedData, hops }))
    expect(toHex(packet)).toBe(vector.onion)
  })

  test('takes the payment from node to node, each passing on what the path says', () => {
    let htlc: OnionHtlc = {
      amountMsat: msat(110_125),
      cltvExpiry: 749_150,
      paymentHash: paymentHash(associatedData),
      onionRoutingPacket: fromHex(vector.onion),
    }
    expect(vector.decrypt).toHaveLength(5)
    for (const [i, node] of vector.decrypt.entries()) {
      expect(toHex(htlc.onionRoutingPacket)).toBe(node.onion)
      const opened = okOf(openPaymentOnion({ htlc, nodeSecret: fromHex(node.nodePrivateKey) }))
      expect(opened.position).toBe(['outside', 'introduction', 'inside', 'inside', 'inside'][i])
      if (opened.type === 'final') {
        expect(i).toBe(4)
        expect(opened.payload).toMatchObject({ amtToForward: msat(100_000), outgoingCltvValue: 749_000 })
        expect(opened.recipientData).toEqual(printedData(4))
        return
      }
      const next = vector.fullRoute[i]?.tlvs
      const channel = next?.outgoingChannelId ?? next?.encryptedRecipientData?.shortChannelId
      expect(opened.nextHop).toEqual({ type: 'channel', shortChannelId: channel })
      if (node.nextPathKey !== undefined) expect(toHex(opened.nextPathKey ?? NOTHING)).toBe(node.nextPathKey)
      htlc = {
        ...htlc,
        amountMsat: opened.amtToForward,
        cltvExpiry: opened.outgoingCltvValue,
        onionRoutingPacket: opened.packet,
        ...(opened.nextPathKey && { pathKey: opened.nextPathKey }),
      }
      expect([htlc.amountMsat, htlc.cltvExpiry]).toEqual(
        [
          [110_125n, 749_150],
          [100_125n, 749_100],
          [100_010n, 749_025],
          [100_000n, 749_000],
        ][i],
      )
    }
    throw new Error('the payment never arrived')
  })
})

const nodeSecret = secret(1)
const nextSecret = secret(2)
const hash: PaymentHash = paymentHash(secret(0x42))
const scid = shortChannelId({ blockHeight: 1, txIndex: 2, outputIndex: 3 })
const relay = { cltvExpiryDelta: 10, feeProportionalMillionths: 1000, feeBaseMsat: msat(5) }
const pathKey = publicKeyFromSecret(secret(9))

/** An HTLC that brings these payloads to us and to the next node. */
function htlcWith(payloads: readonly Uint8Array[], blinded?: { readonly ids: readonly string[] }): OnionHtlc {
  const ids = blinded?.ids ?? [nodeSecret, nextSecret].map(idOf)
  const hops = payloads.map((payload, i) => ({ nodeId: nodeId(fromHex(ids[i] ?? '')), payload }))
  const { packet } = okOf(buildOnion({ sessionKey: secret(0x55), associatedData: fromHex(hash), hops }))
  return { amountMsat: msat(10_000), cltvExpiry: 500, paymentHash: hash, onionRoutingPacket: packet }
}
const open = (htlc: OnionHtlc) => openPaymentOnion({ htlc, nodeSecret })
const filler = new Uint8Array(2)

/** The HTLC of a payment along a blinded path in which we have this data; the path begins with us, or before us. */
function blindedHtlc(data: RecipientData, { inside, final = false }: { inside: boolean; final?: boolean }): OnionHtlc {
  const hops = [
    { nodeId: idOf(nodeSecret), data },
    { nodeId: idOf(nextSecret), data: {} },
  ]
  const { firstPathKey, path } = okOf(createBlindedPath({ pathSecret: secret(9), hops }))
  const encryptedRecipientData = path[0]?.encryptedRecipientData ?? NOTHING
  const blinded = { type: 'blinded', encryptedRecipientData, ...(!inside && { currentPathKey: firstPathKey }) } as const
  const amounts = { amtToForward: msat(10_000), outgoingCltvValue: 500, totalMsat: msat(20_000) }
  const payloads = final
    ? [encodeFinalPayload({ ...blinded, ...amounts })]
    : [encodeIntermediatePayload(blinded), filler]
  const ids = path.map(({ blindedNodeId }) => blindedNodeId)
  const htlc = htlcWith(payloads, { ids: inside ? ids : [idOf(nodeSecret), ...ids.slice(1)] })
  return inside ? { ...htlc, pathKey: firstPathKey } : htlc
}

/** What is told to the peer or the origin, without what only our log sees. */
const told = ({ message, ...failure }: OnionFailure) => {
  expect(message).toMatch(/BOLT 4/)
  return failure
}

describe('a payment outside of blinded paths', () => {
  const plain = {
    type: 'plain',
    amtToForward: msat(9_000),
    outgoingCltvValue: 490,
    shortChannelId: scid,
    unknown: [],
  } as const

  test('is passed on as the payload says', () => {
    const htlc = htlcWith([encodeIntermediatePayload(plain), filler])
    const opened = okOf(open(htlc))
    expect(opened).toMatchObject({
      type: 'forward',
      position: 'outside',
      nextHop: { type: 'channel', shortChannelId: scid },
      amtToForward: msat(9_000),
      outgoingCltvValue: 490,
    })
    expect(opened).not.toHaveProperty('nextPathKey')
    if (opened.type !== 'forward') throw new Error('expected to pass on')
    expect(opened.packet).toHaveLength(ONION_ROUTING_PACKET_LENGTH)
  })

  test('tells the origin which record was wrong', () => {
    const htlc = htlcWith([fromHex('020103'), filler])
    expect(told(errorOf(open(htlc)))).toMatchObject({
      type: 'encrypted',
      failure: { type: 'invalid_onion_payload', tlvType: 4n, offset: 0 },
    })
  })

  test('says what the HTLC lacks of what the sender promised to the final node', () => {
    const final = {
      type: 'plain',
      amtToForward: msat(10_000),
      outgoingCltvValue: 500,
      totalMsat: msat(10_000),
    } as const
    const htlc = htlcWith([encodeFinalPayload({ ...final, unknown: [] })])
    expect(okOf(open(htlc))).toMatchObject({ type: 'final', position: 'outside', payload: final })
    expect(okOf(open({ ...htlc, amountMsat: msat(10_001), cltvExpiry: 501 })).type).toBe('final')
    expect(told(errorOf(open({ ...htlc, amountMsat: msat(9_999) })))).toMatchObject({
      failure: { type: 'final_incorrect_htlc_amount', incomingHtlcAmt: msat(9_999) },
    })
    expect(told(errorOf(open({ ...htlc, amountMsat: msat(9_999), cltvExpiry: 499 })))).toMatchObject({
      failure: { type: 'final_incorrect_cltv_expiry', cltvExpiry: 499 },
    })
    const lacking = htlcWith([fromHex('020103')])
    expect(told(errorOf(open(lacking)))).toMatchObject({
      type: 'encrypted',
      failure: { type: 'invalid_onion_payload', tlvType: 4n },
    })
  })

  test('goes back to the peer when the onion does not fit the payment', () => {
    const htlc = { ...htlcWith([encodeIntermediatePayload(plain), filler]), paymentHash: paymentHash(secret(0x43)) }
    expect(told(errorOf(open(htlc)))).toEqual({
      type: 'malformed',
      failureCode: 0xc005,
      sha256OfOnion: sha256(htlc.onionRoutingPacket),
    })
  })
})

const good: RecipientData = {
  shortChannelId: scid,
  paymentRelay: relay,
  paymentConstraints: { maxCltvExpiry: 500, htlcMinimumMsat: msat(10_000) },
}
const { shortChannelId: _scid, ...nowhere } = good
const { paymentRelay: _relay, ...unpaid } = good

/** Data that must not be followed. */
const REFUSED: readonly (readonly [string, RecipientData])[] = [
  ['no next hop', nowhere],
  ['two next hops', { ...good, nextNodeId: idOf(nextSecret) }],
  ['no relay', unpaid],
  ['an expiry above its constraint', { ...good, paymentConstraints: { maxCltvExpiry: 499, htlcMinimumMsat: msat(1) } }],
  ['an amount below it', { ...good, paymentConstraints: { maxCltvExpiry: 500, htlcMinimumMsat: msat(10_001) } }],
  ['a base fee above the amount', { ...good, paymentRelay: { ...relay, feeBaseMsat: msat(10_001) } }],
  ['a delta above the expiry', { ...good, paymentRelay: { ...relay, cltvExpiryDelta: 501 } }],
  ['an allowed feature, which nobody knows', { ...good, allowedFeatures: featureBits(7) }],
]

describe('a payment that enters a blinded path with us', () => {
  test('is passed on as the maker of the path says', () => {
    const nextNodeId = idOf(nextSecret)
    for (const [data, nextHop] of [
      [good, { type: 'channel', shortChannelId: scid }],
      [
        { ...nowhere, nextNodeId, allowedFeatures: NOTHING },
        { type: 'node', nodeId: nextNodeId },
      ],
    ] as const) {
      expect(okOf(open(blindedHtlc(data, { inside: false })))).toMatchObject({
        type: 'forward',
        position: 'introduction',
        nextHop,
        // (10000 - 5) / 1.001, rounded up.
        amtToForward: msat(9_986),
        outgoingCltvValue: 490,
      })
    }
  })

  test.each(REFUSED)('is refused with %s, and the origin learns nothing but that', (_, data) => {
    const htlc = blindedHtlc(data, { inside: false })
    expect(told(errorOf(open(htlc)))).toMatchObject({
      type: 'encrypted',
      failure: { type: 'invalid_onion_blinding', sha256OfOnion: sha256(htlc.onionRoutingPacket) },
    })
  })

  test('is refused in the same way with a payload that is wrong, once it says where the path begins', () => {
    const key = toHex(pathKey)
    const blinding = { type: 'encrypted', failure: { type: 'invalid_onion_blinding' } }
    for (const hex of [`0201030a02abcd0c21${key}`, `0c21${key}`, `0a02abcd0c21${key}`]) {
      expect(told(errorOf(open(htlcWith([fromHex(hex), filler]))))).toMatchObject(blinding)
    }
    const broken = htlcWith([fromHex(`0a02abcd0c21${key}00`), filler])
    expect(told(errorOf(open(broken)))).toMatchObject({ failure: { type: 'invalid_onion_payload' } })
  })

  test('may end with us too, and then the origin is told what was wrong', () => {
    const data = { pathId: secret(7), paymentConstraints: { maxCltvExpiry: 500, htlcMinimumMsat: msat(1) } }
    const htlc = blindedHtlc(data, { inside: false, final: true })
    expect(okOf(open(htlc))).toMatchObject({
      type: 'final',
      position: 'outside',
      payload: { totalMsat: msat(20_000) },
      recipientData: data,
    })
    expect(told(errorOf(open({ ...htlc, cltvExpiry: 501 })))).toMatchObject({
      type: 'encrypted',
      failure: { type: 'invalid_onion_payload', tlvType: 10n, offset: 0 },
    })
  })
})

describe('a payment within a blinded path', () => {
  const blinding = (htlc: OnionHtlc) => ({
    type: 'malformed',
    failureCode: 0xc018,
    sha256OfOnion: sha256(htlc.onionRoutingPacket),
  })

  test('is passed on with the next path key', () => {
    const opened = okOf(open(blindedHtlc(good, { inside: true })))
    expect(opened).toMatchObject({ type: 'forward', position: 'inside', amtToForward: msat(9_986) })
    const override = publicKeyFromSecret(secret(0x77))
    const overridden = blindedHtlc({ ...good, nextPathKeyOverride: override }, { inside: true })
    expect(okOf(open(overridden))).toMatchObject({ nextPathKey: override })
  })

  test.each(REFUSED)('is refused with %s, and the peer learns nothing but that', (_, data) => {
    const htlc = blindedHtlc(data, { inside: true })
    expect(told(errorOf(open(htlc)))).toEqual(blinding(htlc))
  })

  test('is refused in the same way with an amount, an expiry or a payload that is wrong', () => {
    const final = blindedHtlc({ pathId: secret(7) }, { inside: true, final: true })
    expect(okOf(open(final))).toMatchObject({ type: 'final', position: 'inside', recipientData: { pathId: secret(7) } })
    for (const wrong of [
      { ...final, amountMsat: msat(9_999) },
      { ...final, cltvExpiry: 499 },
      { ...final, pathKey: publicKeyFromSecret(secret(8)) },
      { ...final, pathKey: secret(8) },
      { ...final, onionRoutingPacket: new Uint8Array(ONION_ROUTING_PACKET_LENGTH) },
    ]) {
      expect(told(errorOf(open(wrong)))).toEqual(blinding(wrong))
    }
    const { pathKey: _, ...outside } = final
    expect(told(errorOf(open(outside)))).toMatchObject({ type: 'malformed', failureCode: 0xc005 })
  })
})

describe('a failure from behind us', () => {
  const packet = new Uint8Array(ONION_ROUTING_PACKET_LENGTH)
  const from = { packet, failure: { type: 'unknown_next_peer' }, message: 'no such channel' } as const
  const sharedSecret = secret(3)

  test('leaves a blinded path as invalid_onion_blinding alone', () => {
    const inside = refuseOnion({ ...from, onion: { sharedSecret, position: 'inside' } })
    expect(inside).toMatchObject({ type: 'malformed', failureCode: 0xc018, sha256OfOnion: sha256(packet) })
    const first = refuseOnion({ ...from, onion: { sharedSecret, position: 'introduction' } })
    if (first.type !== 'encrypted') throw new Error('the first node has a secret to encrypt with')
    const { reason } = buildFailure(first)
    expect(decodeFailure({ sharedSecrets: [sharedSecret], reason })).toMatchObject({
      hop: 0,
      failure: { type: 'invalid_onion_blinding', sha256OfOnion: sha256(packet) },
    })
  })

  test('outside of one, is what it is', () => {
    expect(refuseOnion({ ...from, onion: { sharedSecret, position: 'outside' } })).toEqual({
      type: 'encrypted',
      failure: { type: 'unknown_next_peer' },
      sharedSecret,
      message: 'no such channel',
    })
  })
})

describe('properties', () => {
  const arbitraryRelay = fc.record({
    cltvExpiryDelta: fc.nat(2016),
    feeProportionalMillionths: fc.nat(100_000),
    feeBaseMsat: fc.bigInt({ min: 0n, max: 100_000n }).map(msat),
  })

  test('what the sender pays by the fees of the whole path is enough for each hop of it', () => {
    const amount = fc.bigInt({ min: 1n, max: 10n ** 12n })
    fc.assert(
      fc.property(fc.array(arbitraryRelay, { maxLength: 8 }), amount, fc.nat(144), (relays, amount, finalDelta) => {
        const whole = aggregateRelays(relays, finalDelta)
        const fee = whole.feeBaseMsat + (amount * BigInt(whole.feeProportionalMillionths)) / 1_000_000n
        let left = { amountMsat: msat(amount + fee), cltvExpiry: 1000 + whole.cltvExpiryDelta }
        for (const relay of relays) {
          const passed = relayAmounts(left, relay)
          if (passed === undefined) throw new Error('a hop was not paid')
          left = passed
        }
        // Each hop rounds in favour of the next; the sender's own rounding down may cost a millisatoshi.
        expect(left.amountMsat).toBeGreaterThanOrEqual(amount - 1n)
        expect(left.cltvExpiry).toBe(1000 + finalDelta)
      }),
    )
  })

  test('any payload is opened or refused without a throw', () => {
    const key = fc.constantFrom(toHex(pathKey), '')
    const nodes = [nodeSecret, nextSecret].map(node => ({ nodeId: idOf(node), data: good }))
    const { firstPathKey, path } = okOf(createBlindedPath({ pathSecret: secret(9), hops: nodes }))
    const ids = path.map(({ blindedNodeId }) => blindedNodeId)
    const atLeastTwo = (bytes: Uint8Array) => (bytes.length < 2 ? filler : bytes)
    const encrypted = path[0]?.encryptedRecipientData ?? NOTHING
    const data = `0a${encrypted.length.toString(16)}${toHex(encrypted)}`
    const record = fc.constantFrom('020103', '040102', '06080000000000000005', data, '1000', '120105', '0900')
    const hex = fc.tuple(fc.subarray(['020103', '040102', '06080000000000000005', data, '1000', '120105']), key)
    fc.assert(
      fc.property(fc.oneof(hex, fc.tuple(fc.array(record), key)), fc.boolean(), ([records, key], last) => {
        const bytes = concat(...records.map(fromHex), fromHex(key === '' ? '' : `0c21${key}`))
        const payloads = last ? [atLeastTwo(bytes)] : [atLeastTwo(bytes), filler]
        expect(open(htlcWith(payloads))).toHaveProperty('ok')
        const received = open({ ...htlcWith(payloads, { ids }), pathKey: firstPathKey })
        // From within the path, whatever is wrong is told in one way.
        if (!received.ok) expect(received.error).toMatchObject({ type: 'malformed', failureCode: 0xc018 })
      }),
      { numRuns: 50 },
    )
  })
})
