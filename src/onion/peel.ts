import {
  assert,
  concat,
  decode,
  defined,
  err,
  fixedBytes,
  lengthPrefixed,
  ok,
  type Result,
  remainder,
  struct,
} from '../base/index.ts'
import {
  constantTimeEqual,
  ecdh,
  hmacSha256,
  isSecretKey,
  publicKeyTweakMultiply,
  secretTweakMultiply,
  sha256,
} from '../crypto/index.ts'
import { bigSizeNumber } from '../wire/index.ts'
import { deriveKey, obfuscate, streamOf } from './keys.ts'
import { malformed, type OnionFailure } from './onionFailure.ts'
import { HMAC_BYTES, joinPacket, OVERHEAD_BYTES, splitPacket } from './packet.ts'

export interface OnionToPeel {
  /** As it came, of any length. */
  readonly packet: Uint8Array
  /** What the packet has to commit to: the payment hash; nothing for an onion message. */
  readonly associatedData: Uint8Array
  readonly nodeSecret: Uint8Array
  /** The `path_key` that came in the message with the packet, when we are within a blinded path. */
  readonly pathKey?: Uint8Array | undefined
}

export interface PeeledOnion {
  /** The TLV stream for us, without its length. */
  readonly payload: Uint8Array
  /** The packet for the next hop; `undefined` where we are the last one. */
  readonly next: Uint8Array | undefined
  /** 32 bytes: encrypts our failure, and is another one for each onion, so that a replay shows by it. */
  readonly sharedSecret: Uint8Array
}

/**
 * Takes the outer layer off a packet (BOLT 4, onion decryption). Never throws for what came: all that can be wrong with it is
 * a failure, and within a blinded path each of them is `invalid_onion_blinding`.
 *
 * Cost: one ECDH, one HMAC and one stream over the payloads; where there is a next hop one point multiplication, and the stream
 * again and beyond; one more ECDH with a path key. The length of the packet, which its message bounds, bounds all.
 */
export function peelOnion({ pathKey, ...onion }: OnionToPeel): Result<PeeledOnion, OnionFailure> {
  assert(isSecretKey(onion.nodeSecret), 'a node has a secret key')
  if (pathKey === undefined) return peelLayer(onion)
  const blinded = (message: string) => err(malformed('invalid_onion_blinding', onion.packet, message))
  const pathSecret = ecdh(pathKey, onion.nodeSecret)
  if (pathSecret === undefined) return blinded('expected a path_key on the curve (BOLT 4, onion decryption)')
  const peeled = peelLayer({ ...onion, nodeSecret: blindedSecret(onion.nodeSecret, pathSecret) })
  return peeled.ok ? peeled : blinded(peeled.error.message)
}

/** The secret key of our blinded node id, from the secret that we share with the maker of the path (BOLT 4, route blinding). */
export function blindedSecret(nodeSecret: Uint8Array, pathSecret: Uint8Array): Uint8Array {
  const factor = deriveKey('blinded_node_id', pathSecret)
  return defined(secretTweakMultiply(nodeSecret, factor), 'an HMAC is a scalar, but once in 2^128 times')
}

/** The same where the packet is encrypted for exactly this key. */
function peelLayer({ packet, associatedData, nodeSecret }: OnionToPeel): Result<PeeledOnion, OnionFailure> {
  if (packet.length < OVERHEAD_BYTES) {
    const message = `expected a packet of at least ${OVERHEAD_BYTES} bytes, got ${packet.length} (BOLT 4, packet structure)`
    return err(malformed('invalid_onion_hmac', packet, message))
  }
  if (packet[0] !== 0) {
    const message = `expected version 0 of the packet, got ${packet[0]} (BOLT 4, onion decryption)`
    return err(malformed('invalid_onion_version', packet, message))
  }
  const { publicKey, hopPayloads, hmac } = splitPacket(packet)
  const sharedSecret = ecdh(publicKey, nodeSecret)
  if (sharedSecret === undefined) {
    const message = 'expected a public key on the curve (BOLT 4, onion decryption)'
    return err(malformed('invalid_onion_key', packet, message))
  }
  const computed = hmacSha256(deriveKey('mu', sharedSecret), concat(hopPayloads, associatedData))
  if (!constantTimeEqual(computed, hmac)) {
    const message = 'expected an HMAC that fits packet, payment and node (BOLT 4, onion decryption)'
    return err(malformed('invalid_onion_hmac', packet, message))
  }

  const rho = deriveKey('rho', sharedSecret)
  const frame = decode(FRAME, obfuscate(rho, hopPayloads))
  if (!frame.ok || frame.value.payload.length < 2) return err(badFrame(sharedSecret))
  const { payload, nextHmac, rest } = frame.value
  if (nextHmac.every(byte => byte === 0)) return ok({ payload, next: undefined, sharedSecret })
  // What the payload for us leaves at the front is filled up from the stream at the end (BOLT 4, filler generation).
  const size = hopPayloads.length
  const filler = streamOf(rho, 2 * size - rest.length).subarray(size)
  const next = joinPacket({
    publicKey: nextPublicKey(publicKey, sharedSecret),
    hopPayloads: concat(rest, filler),
    hmac: nextHmac,
  })
  return ok({ payload, next, sharedSecret })
}

const FRAME = struct({
  payload: lengthPrefixed(bigSizeNumber),
  nextHmac: fixedBytes(HMAC_BYTES),
  rest: remainder,
})

/** The origin made this, and made it wrong: it is told, as it is of a payload that cannot be read. */
function badFrame(sharedSecret: Uint8Array): OnionFailure {
  return {
    type: 'encrypted',
    failure: { type: 'invalid_onion_payload', tlvType: 0n, offset: 0 },
    sharedSecret,
    message: 'expected a length of at least 2, a payload and an HMAC within the payloads (BOLT 4, onion decryption)',
  }
}

/** BOLT 4, blinding ephemeral onion keys. */
function nextPublicKey(publicKey: Uint8Array, sharedSecret: Uint8Array): Uint8Array {
  const blindingFactor = sha256(concat(publicKey, sharedSecret))
  return defined(publicKeyTweakMultiply(publicKey, blindingFactor), 'a hash is a scalar, but once in 2^128 times')
}
