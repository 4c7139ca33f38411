import { byteAt, utf8Encode } from '../base/index.ts'
import { chacha20, hmacSha256 } from '../crypto/index.ts'

/** What a key is for: each gets its own from one shared secret (BOLT 4, key generation, returning errors, route blinding). */
export type KeyType = 'rho' | 'mu' | 'um' | 'pad' | 'ammag' | 'ammagext' | 'blinded_node_id'

const LABELS: Readonly<Record<KeyType, Uint8Array>> = {
  rho: utf8Encode('rho'),
  mu: utf8Encode('mu'),
  um: utf8Encode('um'),
  pad: utf8Encode('pad'),
  ammag: utf8Encode('ammag'),
  ammagext: utf8Encode('ammagext'),
  blinded_node_id: utf8Encode('blinded_node_id'),
}

// The nonce is fixed, since no key is used twice (BOLT 4, pseudo random byte stream).
const NONCE = new Uint8Array(12)

/** The key of 32 bytes that one purpose has under a shared secret: the label is the HMAC's key, the secret its message. */
export function deriveKey(type: KeyType, sharedSecret: Uint8Array): Uint8Array {
  return hmacSha256(LABELS[type], sharedSecret)
}

/** The first bytes of the pseudo-random stream of a key. */
export function streamOf(key: Uint8Array, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  return chacha20(key, NONCE, bytes, bytes)
}

/** The bytes XORed with the stream of a key: hides, and done twice shows again. */
export function obfuscate(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return chacha20(key, NONCE, bytes)
}

/** The same, in place. */
export function obfuscateInPlace(key: Uint8Array, bytes: Uint8Array): void {
  chacha20(key, NONCE, bytes, bytes)
}

/** XORs `stream`, from `from` on, into all of `target`. */
export function xorInto(target: Uint8Array, stream: Uint8Array, from = 0): void {
  for (let i = 0; i < target.length; i++) target[i] = byteAt(target, i) ^ byteAt(stream, from + i)
}
