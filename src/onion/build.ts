import { assert, concat, defined, encode, err, fromHex, type NodeId, ok, type Result } from '../base/index.ts'
import { ecdh, hmacSha256, isSecretKey, publicKeyFromSecret, secretTweakMultiply, sha256 } from '../crypto/index.ts'
import { bigSizeNumber, ONION_ROUTING_PACKET_LENGTH } from '../wire/index.ts'
import { deriveKey, obfuscateInPlace, streamOf, xorInto } from './keys.ts'
import { HMAC_BYTES, joinPacket, OVERHEAD_BYTES } from './packet.ts'

/** One hop as the origin sees it. */
export interface OnionHop {
  /** The node, or its blinded id within a blinded path. */
  readonly nodeId: NodeId
  /** The TLV stream for this hop alone, without its length: 2 bytes at least. */
  readonly payload: Uint8Array
}

export interface OnionPlan {
  /** 32 bytes of fresh entropy that are a secret key. Never for two onions: the hops would see that they belong together. */
  readonly sessionKey: Uint8Array
  /** What the packet commits to: the payment hash; nothing for an onion message. */
  readonly associatedData: Uint8Array
  /** From the first to the last, at least one. */
  readonly hops: readonly OnionHop[]
  /** In bytes; that of a payment (1366) where it is left out. */
  readonly packetLength?: number
}

export interface BuiltOnion {
  readonly packet: Uint8Array
  /** One for each hop, 32 bytes: they open the failure that may come back. Keep them with the payment. */
  readonly sharedSecrets: readonly Uint8Array[]
}

export interface BuildFailure {
  readonly code: 'payloads_too_long' | 'invalid_node_id'
  readonly message: string
}

/**
 * The packet for the first hop (BOLT 4, packet construction). Fails where the payloads do not fit, or a node id is no point
 * on the curve.
 *
 * Cost: per hop one ECDH, one public key (none for the last of several), and a stream and an HMAC over the payloads. The packet's length bounds the hops.
 */
export function buildOnion(plan: OnionPlan): Result<BuiltOnion, BuildFailure> {
  const { sessionKey, associatedData, hops, packetLength = ONION_ROUTING_PACKET_LENGTH } = plan
  assert(isSecretKey(sessionKey), 'a session key is a secret key')
  assert(hops.length > 0, 'an onion has at least one hop')
  const size = packetLength - OVERHEAD_BYTES
  const frames = hops.map(({ payload }) => frameOf(payload))
  const needed = frames.reduce((sum, frame) => sum + frame.length + HMAC_BYTES, 0)
  if (needed > size) return err(tooLong(needed, size))
  const publicKey = publicKeyFromSecret(sessionKey)
  const secrets = sharedSecretsOf(sessionKey, publicKey, hops)
  if (!secrets.ok) return secrets

  const sharedSecrets = secrets.value
  const rhos = sharedSecrets.map(secret => deriveKey('rho', secret))
  // What one hop takes off the front, it adds to the end: its stream reaches that far beyond the payloads. Nobody comes after the last.
  const streams = rhos.slice(0, -1).map((rho, i) => streamOf(rho, size + lengthAt(frames, i) + HMAC_BYTES))
  const filler = fillerOf(frames, streams, size)
  // Each HMAC is over the payloads and what they are for: one behind the other, all the time.
  const authenticated = concat(new Uint8Array(size), associatedData)
  const hopPayloads = authenticated.subarray(0, size)
  obfuscateInPlace(deriveKey('pad', sessionKey), hopPayloads)
  let hmac: Uint8Array = new Uint8Array(HMAC_BYTES)
  for (let i = hops.length - 1; i >= 0; i--) {
    const frame = defined(frames[i], 'each hop has a frame')
    hopPayloads.copyWithin(frame.length + HMAC_BYTES, 0)
    hopPayloads.set(frame)
    hopPayloads.set(hmac, frame.length)
    const stream = streams[i]
    if (stream === undefined) obfuscateInPlace(defined(rhos[i], 'each hop has a key'), hopPayloads)
    else xorInto(hopPayloads, stream)
    if (i === hops.length - 1) hopPayloads.set(filler, size - filler.length)
    hmac = hmacSha256(deriveKey('mu', defined(sharedSecrets[i], 'each hop has a shared secret')), authenticated)
  }
  return ok({ packet: joinPacket({ publicKey, hopPayloads, hmac }), sharedSecrets })
}

/** The payload behind its length (BOLT 4, packet structure). */
function frameOf(payload: Uint8Array): Uint8Array {
  assert(payload.length >= 2, () => `a payload has at least 2 bytes, got ${payload.length} (BOLT 4, packet structure)`)
  return concat(encode(bigSizeNumber, payload.length), payload)
}

const lengthAt = (frames: readonly Uint8Array[], i: number): number => defined(frames[i], 'each hop has a frame').length

/**
 * What all hops but the last will have added to the end by the time the last one checks its HMAC: zeros, hidden again at
 * each hop by the part of its stream that reaches beyond the payloads (BOLT 4, filler generation).
 */
function fillerOf(frames: readonly Uint8Array[], streams: readonly Uint8Array[], size: number): Uint8Array {
  let filler: Uint8Array = new Uint8Array(0)
  for (const stream of streams) {
    const added = stream.length - size
    const start = size - filler.length
    filler = concat(filler, new Uint8Array(added))
    xorInto(filler, stream, start)
  }
  assert(
    filler.length + lengthAt(frames, frames.length - 1) + HMAC_BYTES <= size,
    'the filler fits behind the last hop',
  )
  return filler
}

/** The secret that the origin shares with each hop, under an ephemeral key that is another one at each (BOLT 4, shared secret). */
function sharedSecretsOf(
  sessionKey: Uint8Array,
  firstPublicKey: Uint8Array,
  hops: readonly OnionHop[],
): Result<readonly Uint8Array[], BuildFailure> {
  const secrets: Uint8Array[] = []
  let ephemeralSecret = sessionKey
  for (const [i, { nodeId }] of hops.entries()) {
    const sharedSecret = ecdh(fromHex(nodeId), ephemeralSecret)
    if (sharedSecret === undefined) return err(invalidNodeId(i, nodeId))
    secrets.push(sharedSecret)
    if (i === hops.length - 1) break
    const publicKey = i === 0 ? firstPublicKey : publicKeyFromSecret(ephemeralSecret)
    ephemeralSecret = nextEphemeralSecret(ephemeralSecret, publicKey, sharedSecret)
  }
  return ok(secrets)
}

/** BOLT 4, blinding ephemeral onion keys. */
function nextEphemeralSecret(secret: Uint8Array, publicKey: Uint8Array, sharedSecret: Uint8Array): Uint8Array {
  const blindingFactor = sha256(concat(publicKey, sharedSecret))
  return defined(secretTweakMultiply(secret, blindingFactor), 'a hash is a scalar, but once in 2^128 times')
}

function tooLong(needed: number, size: number): BuildFailure {
  return {
    code: 'payloads_too_long',
    message: `expected payloads of at most ${size} bytes with their lengths and HMACs, got ${needed} (BOLT 4, packet structure): take a shorter route or a shorter payload`,
  }
}

function invalidNodeId(hop: number, nodeId: NodeId): BuildFailure {
  return {
    code: 'invalid_node_id',
    message: `expected a point on the curve for hop ${hop}, got ${nodeId} (BOLT 4, shared secret): take a route without it`,
  }
}
