import { createHmac, hash } from 'node:crypto'
import type { HashBackend } from '../../crypto/index.ts'

/** Hashes by the OpenSSL that Node carries. Throws when that OpenSSL was built without RIPEMD-160. */
export function loadNativeHashes(): HashBackend {
  hash('ripemd160', new Uint8Array(0))
  return {
    name: 'native',
    // Copied, because a Buffer is not a plain Uint8Array: its `slice` shares memory.
    sha256: data => new Uint8Array(hash('sha256', data, 'buffer')),
    ripemd160: data => new Uint8Array(hash('ripemd160', data, 'buffer')),
    hmacSha256: (key, data) => new Uint8Array(createHmac('sha256', key).update(data).digest()),
  }
}
