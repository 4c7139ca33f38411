import { bytesEqual, concat, encode, msat, type NodeId, nodeId, paymentHash } from '../../../src/base/index.ts'
import { chacha20Poly1305Encrypt, ecdh, hmacSha256, publicKeyFromSecret, sha256 } from '../../../src/crypto/index.ts'
import {
  blindedPathCodec,
  buildFailure,
  buildOnion,
  buildOnionMessage,
  createBlindedPath,
  decodeFailure,
  decodeFailureMessage,
  decodeFinalPayload,
  decodeIntermediatePayload,
  decodeRecipientData,
  encodeFailureMessage,
  encodeFinalPayload,
  encodeIntermediatePayload,
  encodeRecipientData,
  type FailureMessage,
  fulfillHoldTimes,
  openOnionMessage,
  openPaymentOnion,
  peelOnion,
  refuseOnion,
  unblind,
  wrapFailure,
} from '../../../src/onion/index.ts'
import { deriveKey, obfuscate } from '../../../src/onion/keys.ts'
import { decodeMessagePayload, encodeMessagePayload } from '../../../src/onion/messagePayload.ts'
import { joinPacket } from '../../../src/onion/packet.ts'
import { blindedSecret } from '../../../src/onion/peel.ts'
import { bigSizeNumber, shortChannelId } from '../../../src/wire/index.ts'
import { mutateBytes } from '../mutate.ts'
import { claim, claimSame, judgeCodec, kindOf, type Target } from '../target.ts'
import { someRecord } from './wire.ts'

// BOLT 4: packets, and the parsers that stand behind their HMACs and ciphers.

const NODE_SECRET = sha256(Uint8Array.of(1))
const SESSION_KEY = sha256(Uint8Array.of(2))
const PATH_SECRET = sha256(Uint8Array.of(3))
const NODE_ID = nodeId(publicKeyFromSecret(NODE_SECRET))
const PEER_ID = nodeId(publicKeyFromSecret(sha256(Uint8Array.of(4))))
const SESSION_POINT = publicKeyFromSecret(SESSION_KEY)
const PATH_KEY = publicKeyFromSecret(PATH_SECRET)
const HASH = paymentHash(sha256(Uint8Array.of(5)))
const SHARED = sharedWith(SESSION_POINT)
const SCID = shortChannelId({ blockHeight: 1, txIndex: 2, outputIndex: 3 })

function sharedWith(point: Uint8Array): Uint8Array {
  const shared = ecdh(point, NODE_SECRET)
  if (shared === undefined) throw new Error('a point of ours')
  return shared
}

const PAYLOADS = [
  encodeIntermediatePayload({
    type: 'plain',
    amtToForward: msat(1000),
    outgoingCltvValue: 144,
    shortChannelId: SCID,
    unknown: [],
  }),
  encodeIntermediatePayload({ type: 'blinded', encryptedRecipientData: new Uint8Array(20), currentPathKey: PATH_KEY }),
  encodeFinalPayload({
    type: 'plain',
    amtToForward: msat(1000),
    outgoingCltvValue: 144,
    totalMsat: msat(2000),
    paymentSecret: SHARED,
    paymentMetadata: SHARED,
    unknown: [{ type: 65537n, value: SHARED }],
  }),
  encodeFinalPayload({
    type: 'plain',
    amtToForward: msat(1000),
    outgoingCltvValue: 144,
    totalMsat: msat(1000),
    keysendPreimage: SHARED,
    unknown: [],
  }),
  encodeFinalPayload({
    type: 'blinded',
    amtToForward: msat(1),
    outgoingCltvValue: 9,
    totalMsat: msat(1),
    encryptedRecipientData: new Uint8Array(20),
  }),
]

const DATA = [
  encodeRecipientData({
    shortChannelId: SCID,
    paymentRelay: { cltvExpiryDelta: 40, feeProportionalMillionths: 100, feeBaseMsat: msat(1) },
  }),
  encodeRecipientData({
    pathId: SHARED,
    paymentConstraints: { maxCltvExpiry: 1000, htlcMinimumMsat: msat(1) },
    allowedFeatures: new Uint8Array(0),
  }),
  encodeRecipientData({ padding: new Uint8Array(9), nextNodeId: PEER_ID, nextPathKeyOverride: PATH_KEY }),
]

const withRecords: NonNullable<Target['mutate']> = (input, random, others) =>
  random.chance(0.25) ? concat(input, someRecord(random)) : mutateBytes(input, random, others)

const payload: Target = {
  name: 'onion.payload',
  runs: 3_000,
  seeds: () => PAYLOADS.flatMap(bytes => [0, 1].map(flag => concat(Uint8Array.of(flag), bytes))),
  mutate: withRecords,
  judge(input) {
    const bytes = input.subarray(1)
    const context = (input[0] ?? 0) % 2 === 1 ? { pathKey: PATH_KEY } : {}
    const [middle, last] = [decodeIntermediatePayload(bytes, context), decodeFinalPayload(bytes, context)]
    if (middle.ok)
      claimSame(decodeIntermediatePayload(encodeIntermediatePayload(middle.value), context), middle, 'read again')
    if (last.ok) claimSame(decodeFinalPayload(encodeFinalPayload(last.value), context), last, 'read again')
    for (const each of [middle, last]) {
      if (each.ok) continue
      const { offset } = each.error.failure
      claim(offset >= 0 && offset <= bytes.length, () => `the fault is told at byte ${offset} of ${bytes.length}`)
    }
    return [middle, last].map(each => (each.ok ? each.value.type : kindOf(each.error.message))).join(' | ')
  },
}

const recipientData: Target = {
  name: 'onion.recipientData',
  runs: 3_000,
  seeds: () => DATA,
  mutate: withRecords,
  judge(input) {
    const read = decodeRecipientData(input)
    const encryptedRecipientData = chacha20Poly1305Encrypt(
      { key: deriveKey('rho', sharedWith(PATH_KEY)), nonce: new Uint8Array(12) },
      input,
    )
    const opened = unblind({ nodeSecret: NODE_SECRET, pathKey: PATH_KEY, encryptedRecipientData })
    claim(opened.ok === read.ok, () => 'what can be read can be read behind its cipher')
    if (!read.ok) return kindOf(read.error.message)
    const written = encodeRecipientData(read.value)
    claim(bytesEqual(written, input), () => 'the stream has one form')
    return `ok ${Object.keys(read.value).sort().join()}`
  },
}

const path: Target = {
  name: 'onion.blindedPath',
  runs: 1_500,
  seeds() {
    const made = createBlindedPath({
      pathSecret: PATH_SECRET,
      hops: [NODE_ID, PEER_ID].map(id => ({ nodeId: id, data: { shortChannelId: SCID } })),
    })
    if (!made.ok) throw new Error(made.error.message)
    const first = { shortChannelId: SCID, direction: 1 } as const
    return [encode(blindedPathCodec, made.value), encode(blindedPathCodec, { ...made.value, firstNodeId: first })]
  },
  judge: input => judgeCodec(blindedPathCodec, input, { canonical: true }),
}

/** A packet as it comes; the first byte says which kind of fault is mended before it is peeled. */
const packet: Target = {
  name: 'onion.packet',
  runs: 800,
  seeds() {
    const hop = (id: NodeId, bytes: Uint8Array) => ({ nodeId: id, payload: bytes })
    const plans = [
      [hop(NODE_ID, PAYLOADS[2] ?? SHARED)],
      [hop(NODE_ID, PAYLOADS[0] ?? SHARED), hop(PEER_ID, PAYLOADS[3] ?? SHARED)],
    ]
    return plans.map(hops => {
      const built = buildOnion({
        sessionKey: SESSION_KEY,
        associatedData: sha256(Uint8Array.of(5)),
        hops,
        packetLength: 366,
      })
      if (!built.ok) throw new Error(built.error.message)
      return built.value.packet
    })
  },
  judge(input) {
    const htlc = { amountMsat: msat(1500), paymentHash: HASH, cltvExpiry: 200, onionRoutingPacket: input }
    const outside = openPaymentOnion({ htlc, nodeSecret: NODE_SECRET })
    const inside = openPaymentOnion({ htlc: { ...htlc, pathKey: PATH_KEY }, nodeSecret: NODE_SECRET })
    claim(!inside.ok && inside.error.type === 'malformed', () => 'inside a path every fault is the same')
    if (outside.ok) return outside.value.type
    claim(outside.error.message.length > 10, () => 'a failure says what was wrong')
    return `${outside.error.type} ${kindOf(outside.error.message)}`
  },
}

/** What stands in a packet whose HMAC is right: the frame of the payload, and all that follows from it. */
const layer: Target = {
  name: 'onion.layer',
  runs: 800,
  seeds: () =>
    [...PAYLOADS, ...DATA.map(blinded)].flatMap(bytes =>
      [0, 1].map(isLast =>
        concat(
          Uint8Array.of(0),
          encode(bigSizeNumber, bytes.length),
          bytes,
          new Uint8Array(32).fill(isLast),
          new Uint8Array(120),
        ),
      ),
    ),
  mutate: (input, random, others) => mutateBytes(input, random, others),
  judge(input) {
    const isInside = (input[0] ?? 0) % 2 === 1
    const plain = input.subarray(1)
    const shared = isInside ? sharedInside() : SHARED
    const hopPayloads = obfuscate(deriveKey('rho', shared), plain)
    const hmac = hmacSha256(deriveKey('mu', shared), concat(hopPayloads, sha256(Uint8Array.of(5))))
    const onionRoutingPacket = joinPacket({ publicKey: SESSION_POINT, hopPayloads, hmac })
    const htlc = {
      amountMsat: msat(1500),
      paymentHash: HASH,
      cltvExpiry: 200,
      onionRoutingPacket,
      ...(isInside && { pathKey: PATH_KEY }),
    }
    const peeled = peelOnion({
      packet: onionRoutingPacket,
      associatedData: sha256(Uint8Array.of(5)),
      nodeSecret: NODE_SECRET,
      pathKey: htlc.pathKey,
    })
    if (peeled.ok) {
      claim(peeled.value.payload.length <= plain.length, () => 'no more comes out than went in')
      claim(
        (peeled.value.next?.length ?? onionRoutingPacket.length) === onionRoutingPacket.length,
        () => 'the next packet is as long',
      )
    }
    const opened = openPaymentOnion({ htlc, nodeSecret: NODE_SECRET })
    claim(peeled.ok || !opened.ok, () => 'what cannot be peeled cannot be opened')
    if (!opened.ok) {
      claim(!isInside || opened.error.type === 'malformed', () => 'inside a path every fault is the same')
      return `${isInside} ${opened.error.type} ${kindOf(opened.error.message)}`
    }
    const refused = refuseOnion({
      onion: opened.value,
      packet: onionRoutingPacket,
      failure: { type: 'temporary_node_failure' },
      message: 'no',
    })
    claim((refused.type === 'malformed') === isInside, () => 'from inside a path failures are malformed')
    return `${isInside} ${opened.value.type} ${opened.value.position}`
  },
}

/** Under the path key, the node's key is another one. */
function sharedInside(): Uint8Array {
  const shared = ecdh(SESSION_POINT, blindedSecret(NODE_SECRET, sharedWith(PATH_KEY)))
  if (shared === undefined) throw new Error('a point of ours')
  return shared
}

function blinded(data: Uint8Array): Uint8Array {
  const encryptedRecipientData = chacha20Poly1305Encrypt(
    { key: deriveKey('rho', sharedWith(PATH_KEY)), nonce: new Uint8Array(12) },
    data,
  )
  return encodeIntermediatePayload({ type: 'blinded', encryptedRecipientData, currentPathKey: PATH_KEY })
}

const FAILURES: readonly FailureMessage[] = [
  { type: 'temporary_node_failure' },
  { type: 'incorrect_or_unknown_payment_details', htlcMsat: msat(1), height: 100 },
  { type: 'invalid_onion_payload', tlvType: 4n, offset: 3 },
  { type: 'unknown', code: 0x4fff, data: new Uint8Array(5) },
]

const failureMessage: Target = {
  name: 'onion.failureMessage',
  runs: 4_000,
  seeds: () => FAILURES.map(encodeFailureMessage),
  mutate: withRecords,
  judge(input) {
    const message = decodeFailureMessage(input)
    const written = encodeFailureMessage(message)
    // Without two bytes there is no code, and 0 is written.
    claim(written.length <= input.length + 2, () => 'a failure does not grow')
    claimSame(
      decodeFailureMessage(written),
      message.type === 'unknown' && input.length < 2 ? { ...message, data: input } : message,
      'read again',
    )
    return `${message.type} ${Object.keys(message).length}`
  },
}

/** A failure on its way back; where the first byte is odd, its body is under the right HMAC of the second of two hops. */
const failurePacket: Target = {
  name: 'onion.failurePacket',
  runs: 250,
  seeds: () =>
    FAILURES.flatMap(failure => {
      const { reason, attributionData = new Uint8Array(0) } = buildFailure({
        sharedSecret: SHARED,
        failure,
        holdTime: 3,
      })
      const body = concat(encode(bigSizeNumber, 0), encodeFailureMessage(failure))
      return [concat(Uint8Array.of(0), attributionData, reason), concat(Uint8Array.of(1), body, new Uint8Array(30))]
    }),
  judge(input) {
    const rest = input.subarray(1)
    const sharedSecrets = [PATH_SECRET, SHARED]
    if ((input[0] ?? 0) % 2 === 1) {
      const wrapped = wrapFailure({
        sharedSecret: SHARED,
        reason: concat(hmacSha256(deriveKey('um', SHARED), rest), rest),
      })
      const decoded = decodeFailure({ ...wrapFailure({ ...wrapped, sharedSecret: PATH_SECRET }), sharedSecrets })
      claim(decoded.type === 'from_hop' && decoded.hop === 1, () => 'what a hop has signed is believed')
      return `${decoded.type} ${decoded.type === 'from_hop' ? decoded.failure.type : ''}`
    }
    const attributionData = new Uint8Array(920)
    attributionData.set(rest.subarray(0, 920))
    const packet = { reason: rest.subarray(920), attributionData }
    const decoded = decodeFailure({
      ...wrapFailure({ ...packet, sharedSecret: PATH_SECRET, holdTime: 2 }),
      sharedSecrets,
    })
    claim(decoded.holdTimes.length <= 2, () => 'two hops say two times at most')
    claim(fulfillHoldTimes({ sharedSecrets, attributionData }).length <= 2, () => 'two hops say two times at most')
    return `${decoded.type} ${decoded.holdTimes.length}`
  },
}

const messagePayload: Target = {
  name: 'onion.messagePayload',
  runs: 2_000,
  seeds: () => [
    encodeMessagePayload({ encryptedRecipientData: new Uint8Array(20) }),
    encodeMessagePayload({
      encryptedRecipientData: new Uint8Array(0),
      invoiceRequest: SHARED,
      unknown: [{ type: 99n, value: SHARED }],
    }),
    ...path
      .seeds()
      .map(bytes =>
        concat(Uint8Array.of(2), encode(bigSizeNumber, bytes.length), bytes, Uint8Array.of(4, 1, 7, 66, 0)),
      ),
  ],
  mutate: withRecords,
  judge(input) {
    const [last, middle] = [decodeMessagePayload(input, true), decodeMessagePayload(input, false)]
    claim(last.ok || !middle.ok, () => 'who passes on may be told no more than the last one')
    if (!last.ok) return kindOf(last.error)
    claim(bytesEqual(encodeMessagePayload(last.value), input), () => 'the stream has one form')
    return `${middle.ok} ${Object.keys(last.value).sort().join()}`
  },
}

const onionMessage: Target = {
  name: 'onion.message',
  runs: 300,
  seeds() {
    const plan = { sessionKey: SESSION_KEY, pathSecret: PATH_SECRET, content: { invoiceRequest: new Uint8Array(9) } }
    return [[], [NODE_ID]].map(intermediateNodes => {
      const destination = { type: 'node', nodeId: intermediateNodes.length === 0 ? NODE_ID : PEER_ID } as const
      const built = buildOnionMessage({ ...plan, intermediateNodes, destination })
      if (!built.ok) throw new Error(built.error.message)
      return concat(built.value.message.pathKey, built.value.message.onionMessagePacket)
    })
  },
  judge(input) {
    const message = { pathKey: input.slice(0, 33), onionMessagePacket: input.slice(33) }
    const opened = openOnionMessage({ message, nodeSecret: NODE_SECRET })
    if (!opened.ok) return `${opened.error.code} ${kindOf(opened.error.message)}`
    return opened.value.type
  },
}

export const ONION: readonly Target[] = [
  packet,
  layer,
  payload,
  recipientData,
  path,
  failureMessage,
  failurePacket,
  messagePayload,
  onionMessage,
]
