import { describe, expect, test } from 'vitest'
import { type ChannelId, defined, fromHex, msat, type PaymentHash, toHex } from '../../src/base/index.ts'
import type { Htlc } from '../../src/channel/index.ts'
import { isPublicKey, sha256 } from '../../src/crypto/index.ts'
import {
  buildOnion,
  createBlindedPath,
  encodeFinalPayload,
  encodeIntermediatePayload,
  failureCode,
  type PaymentRelay,
  type RecipientData,
} from '../../src/onion/index.ts'
import { DEFAULT_PAYMENT_LIMITS, type Outgoing, type PaymentEffect } from '../../src/payment/index.ts'
import { shortChannelId } from '../../src/wire/index.ts'
import { fresh, HEIGHT, idOf, Node, nextRequest, START, secretOf } from './fixture.ts'
import { arrive, hashOf, readFailure, resolutionsIn, type Sent } from './onions.ts'

// Bob on a blinded path that ends with Carol (BOLT 4, payload format, the reader; route blinding): its maker says what he takes.

const CAROL = idOf(secretOf(0xca))
const ALICE = { link: 1, peer: idOf(secretOf(0xa1)) }
const SCID = shortChannelId({ blockHeight: 700, txIndex: 3, outputIndex: 1 })

const WAY: Outgoing = {
  link: 2,
  channelId: '02'.repeat(32) as ChannelId,
  peer: CAROL,
  standing: 'usable',
  announced: true,
  takesPathKey: true,
  spendableMsat: msat(50_000_000n),
  htlcMinimumMsat: msat(1_000n),
  htlcMaximumMsat: msat(90_000_000n),
  dustLimitMsat: msat(354_000n),
  createdAt: START - 5_000,
}
const OTHER: Outgoing = { ...WAY, link: 4, channelId: '04'.repeat(32) as ChannelId }

/** What Bob asks for. */
const RELAY: PaymentRelay = {
  feeBaseMsat: DEFAULT_PAYMENT_LIMITS.feeBaseMsat,
  feeProportionalMillionths: DEFAULT_PAYMENT_LIMITS.feeProportionalMillionths,
  cltvExpiryDelta: DEFAULT_PAYMENT_LIMITS.cltvExpiryDelta,
}
const OUT_EXPIRY = HEIGHT + 40

interface Wish {
  readonly amountMsat?: bigint
  readonly cltvExpiry?: number
  readonly data?: RecipientData
  readonly position?: 'introduction' | 'inside'
}

function bob(ways: readonly Outgoing[] = [WAY]): Node {
  const node = new Node(secretOf(0xb0))
  node.ways.set(SCID, ways)
  node.ways.set(CAROL, ways)
  return node
}

/** An HTLC for Bob, with an onion of two hops on a path that Carol has made. */
function blinded(node: Node, id: number, wish: Wish = {}): Sent {
  const { amountMsat = 101_010n, cltvExpiry = OUT_EXPIRY + RELAY.cltvExpiryDelta, position = 'inside' } = wish
  const data = { shortChannelId: SCID, paymentRelay: RELAY, ...wish.data }
  const hash: PaymentHash = hashOf(fresh())
  const made = createBlindedPath({
    pathSecret: fresh(),
    hops: [
      { nodeId: node.id, data },
      { nodeId: CAROL, data: { pathId: fresh() } },
    ],
  })
  if (!made.ok) throw new Error(made.error.message)
  const { firstPathKey, path } = made.value
  const [first, last] = path.map(hop => hop)
  if (first === undefined || last === undefined) throw new Error('it has two hops')
  const isFirst = position === 'introduction'
  const { encryptedRecipientData } = first
  const toBob = { type: 'blinded', encryptedRecipientData, ...(isFirst && { currentPathKey: firstPathKey }) } as const
  const toCarol = {
    type: 'blinded',
    amtToForward: msat(1n),
    outgoingCltvValue: OUT_EXPIRY,
    totalMsat: msat(1n),
    encryptedRecipientData: last.encryptedRecipientData,
  } as const
  const built = buildOnion({
    sessionKey: fresh(),
    associatedData: fromHex(hash),
    hops: [
      { nodeId: isFirst ? node.id : first.blindedNodeId, payload: encodeIntermediatePayload(toBob) },
      { nodeId: last.blindedNodeId, payload: encodeFinalPayload(toCarol) },
    ],
  })
  if (!built.ok) throw new Error(built.error.message)
  const htlc: Htlc = {
    offeredBy: 'remote',
    id,
    amountMsat: msat(amountMsat),
    paymentHash: hash,
    cltvExpiry,
    onionRoutingPacket: built.value.packet,
    added: 'irrevocable',
    ...(!isFirst && { pathKey: firstPathKey }),
  }
  return { htlc, sharedSecrets: built.value.sharedSecrets }
}

/** Without the channel that the data would have. */
const BY_NODE = { nextNodeId: CAROL, shortChannelId: undefined } as unknown as RecipientData

type ForwardHtlc = Extract<PaymentEffect, { type: 'forward_htlc' }>
const forwardsIn = (effects: readonly PaymentEffect[]): readonly ForwardHtlc[] =>
  effects.flatMap(effect => (effect.type === 'forward_htlc' ? [effect] : []))

const POSITIONS = [['introduction'], ['inside']] as const

/** `invalid_onion_blinding`, in the message that the position asks for. */
function expectBlinding(effects: readonly PaymentEffect[], sent: Sent): void {
  expect(forwardsIn(effects)).toEqual([])
  const [only, ...more] = resolutionsIn(effects)
  expect(more).toEqual([])
  const sha256OfOnion = sha256(sent.htlc.onionRoutingPacket)
  if (sent.htlc.pathKey !== undefined) {
    const code = failureCode('invalid_onion_blinding')
    expect(only?.resolution).toEqual({ type: 'fail_malformed', sha256OfOnion, failureCode: code })
    return
  }
  expect(readFailure(only?.resolution, sent)).toEqual({ type: 'invalid_onion_blinding', sha256OfOnion })
}

describe.each(POSITIONS)('an HTLC on a blinded path, with Bob at its %s', position => {
  test('goes on with what the path says, and with the next path key', () => {
    const node = bob()
    const sent = blinded(node, 7, { position })
    const [wanted] = forwardsIn(arrive(node, sent, ALICE))
    expect(wanted).toMatchObject({ link: 2, amountMsat: 100_000n, cltvExpiry: OUT_EXPIRY })
    const next = defined(wanted?.pathKey, 'it has a path key')
    expect(isPublicKey(next)).toBe(true)
    expect(toHex(next)).not.toBe(toHex(sent.htlc.pathKey ?? new Uint8Array(0)))
  })

  test('takes the key that the path wants instead', () => {
    const node = bob()
    const nextPathKeyOverride = fromHex(idOf(secretOf(0x77)))
    const sent = blinded(node, 7, { position, data: { nextPathKeyOverride } })
    expect(forwardsIn(arrive(node, sent, ALICE))[0]?.pathKey).toEqual(nextPathKeyOverride)
  })

  test('is refused where the path gives Bob less than he asks for', () => {
    for (const less of [
      { feeBaseMsat: msat(RELAY.feeBaseMsat - 1n) },
      { feeProportionalMillionths: RELAY.feeProportionalMillionths - 1 },
      { cltvExpiryDelta: RELAY.cltvExpiryDelta - 1 },
    ]) {
      const node = bob()
      const data = { paymentRelay: { ...RELAY, ...less } }
      const sent = blinded(node, 7, { position, amountMsat: 40_000_000n, data })
      expectBlinding(arrive(node, sent, ALICE), sent)
    }
  })

  test('goes on where it gives him more', () => {
    const node = bob()
    const data = { paymentRelay: { ...RELAY, feeBaseMsat: msat(RELAY.feeBaseMsat + 5n) } }
    const sent = blinded(node, 7, { position, data })
    expect(forwardsIn(arrive(node, sent, ALICE))[0]?.amountMsat).toBe(99_996n)
  })

  // The amount that goes on is rounded up, so that of 10,001,999 msat his fee is one less than his policy says of what goes on.
  test('goes on where the rounding that BOLT 4 asks for takes one of his millisatoshis', () => {
    const node = bob()
    const sent = blinded(node, 7, { position, amountMsat: 10_001_999n })
    expect(forwardsIn(arrive(node, sent, ALICE))[0]?.amountMsat).toBe(10_000_000n)
  })

  test('that names Carol and no channel goes over any that she has with Bob', () => {
    const node = bob([{ ...WAY, standing: 'away' }, OTHER])
    const sent = blinded(node, 7, { position, data: BY_NODE })
    expect(forwardsIn(arrive(node, sent, ALICE))[0]?.link).toBe(4)
  })

  test('that names Carol and no channel is not held to the policy of one that is closing', () => {
    const node = bob([{ ...WAY, standing: 'closing' }, OTHER])
    node.step({ type: 'set_policy', request: nextRequest(), channelId: WAY.channelId, feeBaseMsat: msat(5_000n) })
    const sent = blinded(node, 7, { position, data: BY_NODE })
    expect(forwardsIn(arrive(node, sent, ALICE))[0]?.link).toBe(4)
  })

  test.each<[string, Wish, (readonly Outgoing[])?]>([
    ['for a channel that is not there', {}, []],
    ['for a peer that is away', {}, [{ ...WAY, standing: 'away' }]],
    ['for a peer that knows no blinded paths', {}, [{ ...WAY, takesPathKey: false }]],
    ['for a channel that is closing', {}, [{ ...WAY, standing: 'closing' }]],
    ['that Carol could not take', {}, [{ ...WAY, spendableMsat: msat(99_999n) }]],
    ['that is too small for her', {}, [{ ...WAY, htlcMinimumMsat: msat(100_001n) }]],
    ['that does not pay what the path takes', { amountMsat: 999n }],
    ['with less time than the path takes', { cltvExpiry: RELAY.cltvExpiryDelta - 1 }],
    ['that leaves Carol no time', { cltvExpiry: HEIGHT + 3 + RELAY.cltvExpiryDelta }],
    ['that comes later than the path may be used', { data: constrained({ maxCltvExpiry: OUT_EXPIRY + 79 }) }],
    ['that is smaller than the path may be used for', { data: constrained({ htlcMinimumMsat: msat(101_011n) }) }],
    ['whose path asks for a feature', { data: { allowedFeatures: Uint8Array.of(2) } }],
    ['whose path says no fees', { data: { paymentRelay: undefined } as unknown as RecipientData }],
    ['whose path names a channel and a node', { data: { nextNodeId: CAROL } }],
    ['whose path names neither', { data: { shortChannelId: undefined } as unknown as RecipientData }],
  ])('is refused %s', (_, wish, ways = [WAY]) => {
    const node = bob(ways)
    const sent = blinded(node, 7, { position, ...wish })
    expectBlinding(arrive(node, sent, ALICE), sent)
  })

  test('is refused where its onion comes twice', () => {
    const node = bob()
    const sent = blinded(node, 7, { position })
    expect(forwardsIn(arrive(node, sent, ALICE))).toHaveLength(1)
    const again = { ...sent, htlc: { ...sent.htlc, id: 8 } }
    expectBlinding(arrive(node, again, ALICE), again)
  })

  test('within its bounds is not refused', () => {
    const node = bob()
    const data = constrained({ maxCltvExpiry: OUT_EXPIRY + 80, htlcMinimumMsat: msat(101_010n) })
    const sent = blinded(node, 7, { position, data: { ...data, allowedFeatures: new Uint8Array(0) } })
    expect(forwardsIn(arrive(node, sent, ALICE))).toHaveLength(1)
  })
})

function constrained(change: object): RecipientData {
  return { paymentConstraints: { maxCltvExpiry: 1_000_000, htlcMinimumMsat: msat(1n), ...change } }
}
