import { hmac } from '@noble/hashes/hmac.js'
import { ripemd160 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { HashBackend } from './backend.ts'

/** Hashes in JavaScript: work everywhere. */
export const pureHashes: HashBackend = {
  name: 'pure',
  sha256: data => sha256(data),
  ripemd160: data => ripemd160(data),
  hmacSha256: (key, data) => hmac(sha256, key, data),
}
