import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { assert } from '../base/index.ts'

const TAG_BYTES = 16
const NOTHING = new Uint8Array(0)

/** One use of the cipher: a key of 32 bytes and a nonce of 12 that is never used twice with it. */
export interface AeadContext {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
  /** Bytes that the tag covers but that are not encrypted; none when left out. */
  readonly associatedData?: Uint8Array
}

/** ChaCha20-Poly1305 (RFC 8439): the ciphertext, then the tag of 16 bytes. */
export function chacha20Poly1305Encrypt(context: AeadContext, plaintext: Uint8Array): Uint8Array {
  return cipher(context).encrypt(plaintext)
}

/** The plaintext, or `undefined` when the tag does not fit the bytes. */
export function chacha20Poly1305Decrypt(context: AeadContext, ciphertext: Uint8Array): Uint8Array | undefined {
  const prepared = cipher(context)
  if (ciphertext.length < TAG_BYTES) return undefined
  try {
    return prepared.decrypt(ciphertext)
  } catch {
    // Every length has been checked, so what is left is the library's word for a wrong tag.
    return undefined
  }
}

function cipher({ key, nonce, associatedData = NOTHING }: AeadContext) {
  assert(key.length === 32 && nonce.length === 12, `expected a key of 32 bytes and a nonce of 12`)
  return chacha20poly1305(key, nonce, associatedData)
}
