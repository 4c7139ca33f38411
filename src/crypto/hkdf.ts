import { assert, concat } from '../base/index.ts'
import { hmacSha256 } from './active.ts'

/**
 * `length` bytes of key material by HKDF with SHA-256 (RFC 5869), at most 8160.
 * An empty `salt` or `info` is what the RFC calls "not provided".
 */
export function hkdfSha256(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  assert(length >= 0 && length <= 255 * 32, `HKDF gives at most 8160 bytes, asked for ${length}`)
  // HMAC pads a short key with zeros, so the RFC's default salt of 32 zero bytes and an empty one are the same key.
  const pseudorandomKey = hmacSha256(salt, ikm)
  const output = new Uint8Array(length)
  let block = new Uint8Array(0)
  for (let counter = 1, offset = 0; offset < length; counter++, offset += 32) {
    block = new Uint8Array(hmacSha256(pseudorandomKey, concat(block, info, Uint8Array.of(counter))))
    output.set(block.subarray(0, length - offset), offset)
  }
  return output
}
