import { chacha20Poly1305Decrypt, chacha20Poly1305Encrypt, hkdfSha256 } from '../crypto/index.ts'

/** One direction of a connection. A state encrypts once: the next use takes the next state, or a nonce would come twice. */
export interface Cipher {
  /** 32 bytes: `sk` or `rk`. */
  readonly key: Uint8Array
  /** 32 bytes: `sck` or `rck`, from which the next key comes. */
  readonly chainingKey: Uint8Array
  /** How many times the key has been used: below `USES_OF_A_KEY`. */
  readonly nonce: number
}

/** After so many uses, two for each message, a key makes room for the next (BOLT 8, Lightning Message Key Rotation). */
const USES_OF_A_KEY = 1000

const NO_INFO = new Uint8Array(0)

/** The ciphertext with its tag of 16 bytes. */
export function seal(
  cipher: Cipher,
  plaintext: Uint8Array,
): { readonly next: Cipher; readonly ciphertext: Uint8Array } {
  const ciphertext = chacha20Poly1305Encrypt({ key: cipher.key, nonce: nonceBytes(cipher.nonce) }, plaintext)
  return { next: advance(cipher), ciphertext }
}

/** The plaintext, or `undefined` where the tag does not fit. */
export function open(
  cipher: Cipher,
  ciphertext: Uint8Array,
): { readonly next: Cipher; readonly plaintext: Uint8Array } | undefined {
  const plaintext = chacha20Poly1305Decrypt({ key: cipher.key, nonce: nonceBytes(cipher.nonce) }, ciphertext)
  return plaintext && { next: advance(cipher), plaintext }
}

/** A nonce as 12 bytes: four zeros, then 64 bits in little endian, as Noise has it and nothing else in the BOLTs. */
export function nonceBytes(nonce: number): Uint8Array {
  const bytes = new Uint8Array(12)
  // All nonces are below 1000, so two bytes hold them.
  bytes[4] = nonce & 0xff
  bytes[5] = nonce >> 8
  return bytes
}

/** The `HKDF` of BOLT 8: 64 bytes as two keys. */
export function hkdfPair(salt: Uint8Array, ikm: Uint8Array): readonly [Uint8Array, Uint8Array] {
  const bytes = hkdfSha256(ikm, salt, NO_INFO, 64)
  return [bytes.slice(0, 32), bytes.slice(32)]
}

function advance(cipher: Cipher): Cipher {
  const nonce = cipher.nonce + 1
  if (nonce < USES_OF_A_KEY) return { key: cipher.key, chainingKey: cipher.chainingKey, nonce }
  const [chainingKey, key] = hkdfPair(cipher.chainingKey, cipher.key)
  return { key, chainingKey, nonce: 0 }
}
