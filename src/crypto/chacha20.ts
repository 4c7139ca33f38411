import { chacha20 as xorStream } from '@noble/ciphers/chacha.js'
import { assert } from '../base/index.ts'

/**
 * The bytes XORed with the ChaCha20 key stream of a key of 32 bytes and a nonce of 12 (RFC 8439, section 2.4, counter from
 * 0). It hides and proves nothing: who needs a tag takes `chacha20Poly1305Encrypt`. Zeros in, the bare stream out. The result
 * goes into `output` where that is given: as many bytes, which may be `bytes` itself.
 *
 * JavaScript on every host: for the one or two kilobytes of an onion, setting up the cipher of Node takes longer than this.
 */
export function chacha20(key: Uint8Array, nonce: Uint8Array, bytes: Uint8Array, output?: Uint8Array): Uint8Array {
  assert(key.length === 32 && nonce.length === 12, 'expected a key of 32 bytes and a nonce of 12')
  return xorStream(key, nonce, bytes, output)
}
