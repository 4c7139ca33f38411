import { assert, concat, defined, err, fromHex, type NodeId, nodeId, ok, type Result } from '../base/index.ts'
import {
  chacha20Poly1305Decrypt,
  chacha20Poly1305Encrypt,
  ecdh,
  isSecretKey,
  publicKeyFromSecret,
  publicKeyTweakMultiply,
  secretTweakMultiply,
  sha256,
} from '../crypto/index.ts'
import type { ShortChannelId } from '../wire/index.ts'
import { deriveKey } from './keys.ts'
import { decodeRecipientData, encodeRecipientData, type RecipientData } from './recipientData.ts'

/** A way to a node that does not say who it is: known up to its first node, blinded from there (BOLT 4, route blinding). */
export interface BlindedPath<First extends NodeId | DirectedChannel = NodeId | DirectedChannel> {
  /** Where the path is entered: by its id, or as one end of a channel, which takes less room. */
  readonly firstNodeId: First
  /** 33 bytes. */
  readonly firstPathKey: Uint8Array
  /** At least one; the first one is for the node that `firstNodeId` names. */
  readonly path: readonly BlindedHop[]
}

/** `node_id_1` of an announced channel (direction 0) or `node_id_2` (direction 1) (BOLT 1, `sciddir_or_pubkey`). */
export interface DirectedChannel {
  readonly shortChannelId: ShortChannelId
  readonly direction: 0 | 1
}

export interface BlindedHop {
  readonly blindedNodeId: NodeId
  readonly encryptedRecipientData: Uint8Array
}

export interface InvalidNodeId {
  readonly code: 'invalid_node_id'
  readonly message: string
}

// The nonce is fixed, since the key is used once (BOLT 4, route blinding).
const NONCE = new Uint8Array(12)

/**
 * Makes a path to the last of these nodes (BOLT 4, route blinding, the writer of a `blinded_path`). `pathSecret` is 32 bytes
 * of fresh entropy that are a secret key. The data is encrypted as it stands; for equal lengths, see `padRecipientData`. To go
 * on into another path, give the last node the `firstPathKey` of that one as its `nextPathKeyOverride`, and append its hops.
 *
 * Cost: per hop one ECDH, two point multiplications and one AEAD.
 */
export function createBlindedPath(from: {
  readonly pathSecret: Uint8Array
  readonly hops: readonly { readonly nodeId: NodeId; readonly data: RecipientData }[]
}): Result<BlindedPath<NodeId>, InvalidNodeId> {
  assert(isSecretKey(from.pathSecret), 'a path secret is a secret key')
  const firstNodeId = defined(from.hops[0], 'a path has at least one hop').nodeId
  const firstPathKey = publicKeyFromSecret(from.pathSecret)
  const path: BlindedHop[] = []
  let pathSecret = from.pathSecret
  for (const { nodeId: id, data } of from.hops) {
    const node = fromHex(id)
    const sharedSecret = ecdh(node, pathSecret)
    if (sharedSecret === undefined) {
      const message = `expected a point on the curve, got node id ${id} (BOLT 4, route blinding)`
      return err({ code: 'invalid_node_id', message })
    }
    const factor = deriveKey('blinded_node_id', sharedSecret)
    const blinded = defined(publicKeyTweakMultiply(node, factor), 'an HMAC is a scalar, but once in 2^128 times')
    const context = { key: deriveKey('rho', sharedSecret), nonce: NONCE }
    const encryptedRecipientData = chacha20Poly1305Encrypt(context, encodeRecipientData(data))
    path.push({ blindedNodeId: nodeId(blinded), encryptedRecipientData })
    const next = secretTweakMultiply(pathSecret, pathKeyFactor(publicKeyFromSecret(pathSecret), sharedSecret))
    pathSecret = defined(next, 'a hash is a scalar, but once in 2^128 times')
  }
  return ok({ firstNodeId, firstPathKey, path })
}

/** What a node on a path learns from its maker. */
export interface Unblinded {
  readonly data: RecipientData
  /** For the next node, in the message that brings it the onion. */
  readonly nextPathKey: Uint8Array
}

export interface UnblindFailure {
  readonly code: 'invalid_path_key' | 'wrong_key' | 'invalid_data'
  readonly message: string
}

/**
 * Opens the data for us (BOLT 4, route blinding, the reader of the `encrypted_recipient_data`). Never throws for what came.
 *
 * Cost: one ECDH, one AEAD over the data, and one point multiplication where the data names no next key.
 */
export function unblind(from: {
  readonly nodeSecret: Uint8Array
  readonly pathKey: Uint8Array
  readonly encryptedRecipientData: Uint8Array
}): Result<Unblinded, UnblindFailure> {
  const { nodeSecret, pathKey, encryptedRecipientData } = from
  assert(isSecretKey(nodeSecret), 'a node has a secret key')
  const sharedSecret = ecdh(pathKey, nodeSecret)
  if (sharedSecret === undefined) return refused('invalid_path_key', 'expected a path_key on the curve')
  const context = { key: deriveKey('rho', sharedSecret), nonce: NONCE }
  const plaintext = chacha20Poly1305Decrypt(context, encryptedRecipientData)
  if (plaintext === undefined)
    return refused('wrong_key', 'expected data that was encrypted for us under this path_key')
  const data = decodeRecipientData(plaintext)
  if (!data.ok) {
    const { type, offset, message } = data.error
    return refused('invalid_data', `${message}, in the record of type ${type} at byte ${offset}`)
  }
  const nextPathKey = data.value.nextPathKeyOverride ?? blindedPathKey(pathKey, sharedSecret)
  return ok({ data: data.value, nextPathKey })
}

function blindedPathKey(pathKey: Uint8Array, sharedSecret: Uint8Array): Uint8Array {
  const next = publicKeyTweakMultiply(pathKey, pathKeyFactor(pathKey, sharedSecret))
  return defined(next, 'a hash is a scalar, but once in 2^128 times')
}

const pathKeyFactor = (pathKey: Uint8Array, sharedSecret: Uint8Array): Uint8Array =>
  sha256(concat(pathKey, sharedSecret))

function refused(
  code: UnblindFailure['code'],
  message: string,
): { readonly ok: false; readonly error: UnblindFailure } {
  return err({ code, message: `${message} (BOLT 4, route blinding)` })
}
