import { concat, utf8Encode } from '../base/index.ts'
import { chacha20Poly1305Decrypt, chacha20Poly1305Encrypt, sha256 } from '../crypto/index.ts'
import { hkdfPair, nonceBytes } from './cipher.ts'

/** What both sides of a handshake come to have in common (BOLT 8, Handshake State). */
export interface Symmetric {
  /** `ck`, 32 bytes: all shared secrets so far. */
  readonly chainingKey: Uint8Array
  /** `h`, 32 bytes: all bytes sent and received so far. */
  readonly handshakeHash: Uint8Array
}

const PROTOCOL_NAME = 'Noise_XK_secp256k1_ChaChaPoly_SHA256'
const PROLOGUE = 'lightning'

/** The state before act one (BOLT 8, Handshake State Initialization). */
export function initialize(responderPublicKey: Uint8Array): Symmetric {
  const chainingKey = sha256(utf8Encode(PROTOCOL_NAME))
  return mixHash(mixHash({ chainingKey, handshakeHash: chainingKey }, utf8Encode(PROLOGUE)), responderPublicKey)
}

/** `h = SHA-256(h || bytes)` */
export function mixHash(symmetric: Symmetric, bytes: Uint8Array): Symmetric {
  return { ...symmetric, handshakeHash: sha256(concat(symmetric.handshakeHash, bytes)) }
}

/** `ck, temp_k = HKDF(ck, sharedSecret)` */
export function mixKey(
  symmetric: Symmetric,
  sharedSecret: Uint8Array,
): { readonly symmetric: Symmetric; readonly tempKey: Uint8Array } {
  const [chainingKey, tempKey] = hkdfPair(symmetric.chainingKey, sharedSecret)
  return { symmetric: { ...symmetric, chainingKey }, tempKey }
}

/** A key of the handshake and how many times it was used before. */
interface TempKey {
  readonly key: Uint8Array
  readonly nonce: 0 | 1
}

/** `c = encryptWithAD(temp_k, n, h, plaintext)`, then `h = SHA-256(h || c)` */
export function encryptAndHash(
  symmetric: Symmetric,
  { key, nonce }: TempKey,
  plaintext: Uint8Array,
): { readonly symmetric: Symmetric; readonly ciphertext: Uint8Array } {
  const context = { key, nonce: nonceBytes(nonce), associatedData: symmetric.handshakeHash }
  const ciphertext = chacha20Poly1305Encrypt(context, plaintext)
  return { symmetric: mixHash(symmetric, ciphertext), ciphertext }
}

/** The other way round; `undefined` where the tag does not fit. */
export function decryptAndHash(
  symmetric: Symmetric,
  { key, nonce }: TempKey,
  ciphertext: Uint8Array,
): { readonly symmetric: Symmetric; readonly plaintext: Uint8Array } | undefined {
  const context = { key, nonce: nonceBytes(nonce), associatedData: symmetric.handshakeHash }
  const plaintext = chacha20Poly1305Decrypt(context, ciphertext)
  return plaintext && { symmetric: mixHash(symmetric, ciphertext), plaintext }
}
