import { hash } from 'node:crypto'
import type { HashBackend } from '../../crypto/index.ts'

const BLOCK_BYTES = 64

/** Hashes by the OpenSSL that Node carries. Throws when that OpenSSL was built without RIPEMD-160. */
export function loadNativeHashes(): HashBackend {
  hash('ripemd160', new Uint8Array(0))
  return { name: 'native', sha256, ripemd160, hmacSha256 }
}

/** By way of a text with one character for each byte: most of what a hash costs is else the Buffer that it comes in. */
function sha256(data: Uint8Array): Uint8Array {
  const text = hash('sha256', data, 'binary')
  const digest = new Uint8Array(32)
  for (let i = 0; i < 32; i++) digest[i] = text.charCodeAt(i)
  return digest
}

// Copied, because a Buffer is not a plain Uint8Array: its `slice` shares memory.
function ripemd160(data: Uint8Array): Uint8Array {
  return new Uint8Array(hash('ripemd160', data, 'buffer'))
}

/**
 * HMAC (RFC 2104) in two one-shot hashes: several times faster than the object that `createHmac` sets up. Allocating would be half
 * of what is left, so both messages are put together in the same place each time.
 */
function hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
  const shortKey = key.length > BLOCK_BYTES ? sha256(key) : key
  const end = BLOCK_BYTES + data.length
  const message = end > inner.length ? new Uint8Array(end) : inner
  for (let i = 0; i < BLOCK_BYTES; i++) {
    const byte = shortKey[i] ?? 0
    message[i] = 0x36 ^ byte
    outer[i] = 0x5c ^ byte
  }
  message.set(data, BLOCK_BYTES)
  outer.set(sha256(message.subarray(0, end)), BLOCK_BYTES)
  return sha256(outer)
}

/** Room for an onion with what it commits to. */
const inner = new Uint8Array(BLOCK_BYTES + 1400)
const outer = new Uint8Array(BLOCK_BYTES + 32)
