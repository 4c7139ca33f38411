import { describe, expect, test } from 'vitest'
import {
  concat,
  defined,
  encode,
  fromHex,
  jsonDecode,
  type Msat,
  msat,
  toHex,
  u16,
  utf8Encode,
} from '../../src/base/index.ts'
import type { Htlc, HtlcResolution } from '../../src/channel/index.ts'
import { chacha20, ecdh, hmacSha256, publicKeyFromSecret, sha256 } from '../../src/crypto/index.ts'
import {
  buildOnion,
  decodeFailure,
  encodeFinalPayload,
  encodeIntermediatePayload,
  type FinalPayload,
  type PlainFinalPayload,
} from '../../src/onion/index.ts'
import { DEFAULT_PAYMENT_LIMITS, type Payment } from '../../src/payment/index.ts'
import { shortChannelId } from '../../src/wire/index.ts'
import { type CreatedInvoice, fresh, HEIGHT, idOf, Node, secretOf, takenWith, theResolution } from './fixture.ts'

// What the last node of a payment does with its HTLC (BOLT 4, payload format, basic multi-part payments, failure messages).

const PEER = idOf(secretOf(0xa1))
const EXPIRY = HEIGHT + 43
const SESSION_KEY = secretOf(0x41)

const bob = () => new Node(secretOf(0xb0))

interface Sent {
  readonly htlc: Htlc
  readonly sharedSecrets: readonly Uint8Array[]
}

/** An HTLC whose onion says this to Bob alone. */
function sent(node: Node, hash: Uint8Array, payload: Partial<PlainFinalPayload>, change: Partial<Htlc> = {}): Sent {
  const amtToForward = payload.amtToForward ?? msat(10_000)
  const plain = { amtToForward, outgoingCltvValue: EXPIRY, totalMsat: amtToForward, unknown: [], ...payload }
  return sentRaw(node, hash, encodeFinalPayload({ type: 'plain', ...plain }), change)
}

function sentRaw(node: Node, hash: Uint8Array, payload: Uint8Array, change: Partial<Htlc> = {}): Sent {
  const hops = [{ nodeId: node.id, payload }]
  const built = buildOnion({ sessionKey: fresh(), associatedData: hash, hops })
  if (!built.ok) throw new Error(built.error.code)
  const htlc: Htlc = {
    offeredBy: 'remote',
    id: 7,
    amountMsat: msat(10_000),
    paymentHash: toHex(hash) as Htlc['paymentHash'],
    cltvExpiry: EXPIRY,
    onionRoutingPacket: built.value.packet,
    added: 'irrevocable',
    ...change,
  }
  return { htlc, sharedSecrets: built.value.sharedSecrets }
}

function forInvoice(node: Node, { paymentHash, paymentSecret }: CreatedInvoice, payload = {}, change = {}): Sent {
  return sent(node, fromHex(paymentHash), { paymentSecret, ...payload }, change)
}

function receive(node: Node, { htlc }: Sent, overDustExposure = false): HtlcResolution {
  const effects = node.step({ type: 'htlc_received', link: 1, peer: PEER, htlc, overDustExposure })
  expect(effects.filter(effect => effect.type === 'resolve_htlc')).toMatchObject([{ link: 1, id: 7 }])
  return theResolution(effects)
}

/** What the origin reads in the refusal. */
function opened(resolution: HtlcResolution, { sharedSecrets }: Sent) {
  if (resolution.type !== 'fail') throw new Error(`expected a failure, got ${resolution.type}`)
  const decoded = decodeFailure({ reason: resolution.reason, sharedSecrets })
  if (decoded.type !== 'from_hop') throw new Error('nobody signed it')
  return decoded.failure
}

const UNKNOWN = { type: 'incorrect_or_unknown_payment_details', htlcMsat: 10_000n, height: HEIGHT }

describe('an open invoice', () => {
  test('is paid: preimage, payment, event and the end of the invoice in one step', () => {
    const node = bob()
    const created = node.invoice()
    expect(receive(node, forInvoice(node, created))).toEqual(takenWith(created.preimage))
    const payment: Payment = {
      number: 1,
      direction: 'received',
      status: 'succeeded',
      paymentHash: created.paymentHash,
      amountMsat: msat(10_000),
      feeMsat: msat(0),
      peer: PEER,
      preimage: toHex(created.preimage),
      invoice: created.invoice,
      description: 'a coffee',
      createdAt: node.context.now,
      endedAt: node.context.now,
    }
    expect(node.events).toEqual([{ type: 'payment_received', payment }])
    expect(stored(node, 'payment/0000000000000001')).toEqual(payment)
    expect(stored(node, `received-hash/${created.paymentHash}`)).toBe(1)
    expect([...node.store.keys()].filter(key => key.startsWith('invoice/'))).toEqual([])
  })

  test('is paid once: a second HTLC hears that there is no such invoice', () => {
    const node = bob()
    const created = node.invoice()
    receive(node, forInvoice(node, created))
    const second = forInvoice(node, created)
    expect(opened(receive(node, second), second)).toEqual(UNKNOWN)
    expect(node.events).toHaveLength(1)
  })

  test('without words is paid without words', () => {
    const node = bob()
    receive(node, forInvoice(node, node.invoice({ description: '' })))
    expect(node.events[0]?.payment).not.toHaveProperty('description')
  })

  test('is paid anew after a start that lost the step: the event comes again', () => {
    const node = bob()
    const created = node.invoice()
    const before = new Map(node.store)
    receive(node, forInvoice(node, created))
    node.store = before
    node.restart()
    expect(receive(node, forInvoice(node, created))).toMatchObject({ type: 'fulfill' })
    expect(node.state.nextNumber).toBe(2)
  })
})

function stored(node: Node, key: string): unknown {
  const bytes = node.store.get(key)
  const decoded = bytes === undefined ? undefined : jsonDecode(bytes)
  return decoded?.ok === true ? decoded.value : undefined
}

interface Case {
  readonly name: string
  readonly payload?: Partial<PlainFinalPayload>
  readonly change?: Partial<Htlc>
  readonly failure?: object
}

/** A payload and an HTLC of this amount. */
const paying = (amount: number | bigint): Pick<Case, 'payload' | 'change'> => ({
  payload: { amtToForward: msat(amount), totalMsat: msat(amount) },
  change: { amountMsat: msat(amount) },
})

describe('the rules for an invoice of 10000 msat', () => {
  const cases: readonly Case[] = [
    { name: 'the exact amount' },
    { name: 'twice the amount', ...paying(20_000) },
    { name: 'more than twice the amount', ...paying(20_001), failure: { ...UNKNOWN, htlcMsat: 20_001n } },
    { name: 'less than the amount', ...paying(9_999), failure: { ...UNKNOWN, htlcMsat: 9_999n } },
    { name: 'more in the HTLC than in the onion', change: { amountMsat: msat(10_001) } },
    {
      name: 'less in the HTLC than in the onion',
      change: { amountMsat: msat(9_999) },
      failure: { type: 'final_incorrect_htlc_amount', incomingHtlcAmt: 9_999n },
    },
    { name: 'an onion that asks for an earlier expiry', payload: { outgoingCltvValue: EXPIRY - 1 } },
    {
      name: 'an onion that asks for a later expiry',
      payload: { outgoingCltvValue: EXPIRY + 1 },
      failure: { type: 'final_incorrect_cltv_expiry', cltvExpiry: EXPIRY },
    },
    {
      name: 'the 40 blocks of time that it asks for',
      payload: { outgoingCltvValue: HEIGHT + 40 },
      change: { cltvExpiry: HEIGHT + 40 },
    },
    {
      name: '39 blocks of time',
      payload: { outgoingCltvValue: HEIGHT + 39 },
      change: { cltvExpiry: HEIGHT + 39 },
      failure: UNKNOWN,
    },
    { name: 'part of more than twice the amount', payload: { totalMsat: msat(20_001) }, failure: UNKNOWN },
    { name: 'a wrong secret', payload: { paymentSecret: secretOf(9) }, failure: UNKNOWN },
    { name: 'no secret', payload: { paymentSecret: undefined }, failure: UNKNOWN },
  ]
  test.each(cases)('$name', ({ payload, change, failure }) => {
    const node = bob()
    const created = node.invoice()
    const htlc = forInvoice(node, created, payload, change)
    const resolution = receive(node, htlc)
    if (failure === undefined) {
      expect(resolution).toMatchObject({ type: 'fulfill' })
    } else {
      expect(opened(resolution, htlc)).toEqual(failure)
      expect(node.state.invoices.size).toBe(1)
      expect(node.events).toEqual([])
    }
  })

  test('a preimage that the sender brings does not stand in for the secret', () => {
    const node = bob()
    const created = node.invoice()
    const htlc = sent(node, fromHex(created.paymentHash), { keysendPreimage: created.preimage })
    expect(opened(receive(node, htlc), htlc)).toEqual(UNKNOWN)
  })

  test('it is paid in its last millisecond and not after it', () => {
    const node = bob()
    const [first, second] = [node.invoice({ expirySeconds: 60 }), node.invoice({ expirySeconds: 60 })]
    node.at({ now: first.expiresAt })
    expect(receive(node, forInvoice(node, first))).toMatchObject({ type: 'fulfill' })
    node.at({ now: second.expiresAt + 1 })
    const late = forInvoice(node, second)
    expect(opened(receive(node, late), late)).toEqual(UNKNOWN)
  })

  test('it asks for what it asked for when it was made, also after a start with other limits', () => {
    const limitsOf = (finalCltvExpiryDelta: number) => ({ ...DEFAULT_PAYMENT_LIMITS, finalCltvExpiryDelta })
    const within = (blocks: number) =>
      [{ outgoingCltvValue: HEIGHT + blocks }, { cltvExpiry: HEIGHT + blocks }] as const
    const node = bob().at({ limits: limitsOf(100) })
    const created = node.invoice()
    node.at({ limits: limitsOf(40) }).restart()
    const short = forInvoice(node, created, ...within(99))
    expect(opened(receive(node, short), short)).toEqual(UNKNOWN)
    expect(receive(node, forInvoice(node, created, ...within(100)))).toMatchObject({ type: 'fulfill' })
  })

  test('an invoice without an amount takes any', () => {
    const node = bob()
    const created = node.invoice({ amountMsat: undefined as never })
    const { payload, change } = paying(1)
    expect(receive(node, forInvoice(node, created, payload, change))).toMatchObject({ type: 'fulfill' })
    expect(node.events[0]?.payment.amountMsat).toBe(1n)
  })
})

describe('a payment without an invoice', () => {
  test('is taken with the preimage that it brings', () => {
    const node = bob()
    const preimage = fresh()
    const htlc = sent(node, sha256(preimage), { keysendPreimage: preimage })
    expect(receive(node, htlc)).toEqual(takenWith(preimage))
    expect(node.events).toMatchObject([{ type: 'payment_received', payment: { number: 1, amountMsat: 10_000n } }])
    expect(node.events[0]?.payment).not.toHaveProperty('invoice')
  })

  test('is taken with 3 blocks more than the 18 at whose beginning BOLT 2 has us go on chain, and refused with 20', () => {
    const node = bob()
    const preimage = fresh()
    const within = (blocks: number) =>
      sent(
        node,
        sha256(preimage),
        { keysendPreimage: preimage, outgoingCltvValue: HEIGHT + blocks },
        { cltvExpiry: HEIGHT + blocks },
      )
    const short = within(20)
    expect(opened(receive(node, short), short)).toEqual(UNKNOWN)
    expect(receive(node, within(21))).toEqual(takenWith(preimage))
  })

  const preimage = fresh()
  test.each([
    ['with another preimage', { keysendPreimage: fresh() }],
    ['with none', {}],
    ['with a secret alone', { paymentSecret: secretOf(1) }],
  ])('is refused %s', (_name, payload) => {
    const node = bob()
    const htlc = sent(node, sha256(preimage), payload)
    expect(opened(receive(node, htlc), htlc)).toEqual(UNKNOWN)
    expect([...node.store.keys()].filter(key => !key.startsWith('onion/'))).toEqual([])
  })
})

describe('an onion that is not for us, or not readable', () => {
  test('of another payment hash: the peer is told of the bad HMAC', () => {
    const node = bob()
    const { htlc } = forInvoice(node, node.invoice())
    const other = { ...htlc, paymentHash: toHex(secretOf(1)) as Htlc['paymentHash'] }
    expect(receive(node, { htlc: other, sharedSecrets: [] })).toEqual({
      type: 'fail_malformed',
      sha256OfOnion: sha256(htlc.onionRoutingPacket),
      failureCode: 0xc005,
    })
  })

  test('that came with a path key: we gave out no blinded path', () => {
    const node = bob()
    const { htlc, sharedSecrets } = forInvoice(node, node.invoice())
    const blinded = { ...htlc, pathKey: fromHex(PEER) }
    expect(receive(node, { htlc: blinded, sharedSecrets })).toMatchObject({
      type: 'fail_malformed',
      failureCode: 0xc018,
    })
  })

  test('that makes us the start of a blinded path', () => {
    const node = bob()
    const hash = secretOf(5)
    const payload: FinalPayload = {
      type: 'blinded',
      amtToForward: msat(10_000),
      outgoingCltvValue: EXPIRY,
      totalMsat: msat(10_000),
      encryptedRecipientData: Uint8Array.of(1, 2, 3),
      currentPathKey: fromHex(PEER),
    }
    const htlc = sentRaw(node, hash, encodeFinalPayload(payload))
    const sha256OfOnion = sha256(htlc.htlc.onionRoutingPacket)
    expect(opened(receive(node, htlc), htlc)).toEqual({ type: 'invalid_onion_blinding', sha256OfOnion })
  })

  test('without an amount: the record that is missing is named', () => {
    const node = bob()
    const htlc = sentRaw(node, secretOf(5), Uint8Array.of(4, 1, 9))
    expect(opened(receive(node, htlc), htlc)).toMatchObject({ type: 'invalid_onion_payload', tlvType: 2n })
  })

  test('with a length of 1 before the payload, which is reserved: its origin hears of it', () => {
    const node = bob()
    const hash = secretOf(5)
    const plain = new Uint8Array(1300)
    plain[0] = 1
    const { packet, sharedSecret } = packetOf(node, hash, plain)
    const { htlc } = sentRaw(node, hash, new Uint8Array(2), { onionRoutingPacket: packet })
    const sharedSecrets = [sharedSecret]
    const failure = opened(receive(node, { htlc, sharedSecrets }), { htlc, sharedSecrets })
    expect(failure).toEqual({ type: 'invalid_onion_payload', tlvType: 0n, offset: 0 })
  })

  test('for another node behind us: we forward nothing', () => {
    const node = bob()
    const hash = secretOf(5)
    const forward = { amtToForward: msat(9_000), outgoingCltvValue: EXPIRY - 1, unknown: [] }
    const hops = [
      {
        nodeId: node.id,
        payload: encodeIntermediatePayload({
          type: 'plain',
          ...forward,
          shortChannelId: shortChannelId({ blockHeight: 1, txIndex: 2, outputIndex: 3 }),
        }),
      },
      { nodeId: PEER, payload: encode(u16, 0) },
    ]
    const built = buildOnion({ sessionKey: SESSION_KEY, associatedData: hash, hops })
    if (!built.ok) throw new Error(built.error.code)
    const { htlc } = sentRaw(node, hash, new Uint8Array(2), { onionRoutingPacket: built.value.packet })
    const { sharedSecrets } = built.value
    expect(opened(receive(node, { htlc, sharedSecrets }), { htlc, sharedSecrets })).toEqual({
      type: 'unknown_next_peer',
    })
  })

  test('over the dust exposure: later perhaps, and the invoice stays', () => {
    const node = bob()
    const created = node.invoice()
    const htlc = forInvoice(node, created)
    expect(opened(receive(node, htlc, true), htlc)).toMatchObject({ type: 'temporary_channel_failure' })
    expect(receive(node, forInvoice(node, created))).toMatchObject({ type: 'fulfill' })
  })
})

/** A packet that opens to these bytes, whatever they are (BOLT 4, packet structure). */
function packetOf(node: Node, hash: Uint8Array, plain: Uint8Array) {
  const sharedSecret = defined(ecdh(fromHex(node.id), SESSION_KEY), 'a node id is a point')
  const key = (name: string) => hmacSha256(utf8Encode(name), sharedSecret)
  const payloads = chacha20(key('rho'), new Uint8Array(12), plain)
  const hmac = hmacSha256(key('mu'), concat(payloads, hash))
  return { packet: concat(Uint8Array.of(0), publicKeyFromSecret(SESSION_KEY), payloads, hmac), sharedSecret }
}

test('an amount that only 64 bits can hold is an amount', () => {
  const node = bob()
  const htlc = sent(node, secretOf(5), { amtToForward: (2n ** 64n - 1n) as Msat, totalMsat: (2n ** 64n - 1n) as Msat })
  expect(opened(receive(node, htlc), htlc)).toEqual({ type: 'final_incorrect_htlc_amount', incomingHtlcAmt: 10_000n })
})
