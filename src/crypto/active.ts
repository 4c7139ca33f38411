import type { HashBackend, RecoverableSignature, RecoveryId, Secp256k1Backend } from './backend.ts'
import { pureHashes } from './pureHashes.ts'
import { pureSecp256k1 } from './pureSecp256k1.ts'

// The one mutable thing on the pure floors. It may change how fast an answer comes, never the answer: every backend
// gives the same bytes, which the property test of this room shows.
let secp256k1: Secp256k1Backend = pureSecp256k1(pureHashes)
let hashes: HashBackend = pureHashes

export interface Backends {
  readonly secp256k1: Secp256k1Backend
  readonly hashes: HashBackend
}

/** Makes these backends the ones that every function of the room calls from now on; the ones left out stay. */
export function installBackends(backends: Partial<Backends>): void {
  secp256k1 = backends.secp256k1 ?? secp256k1
  hashes = backends.hashes ?? hashes
}

/** Which backends answer now. */
export function activeBackends(): {
  readonly secp256k1: Secp256k1Backend['name']
  readonly hashes: HashBackend['name']
} {
  return { secp256k1: secp256k1.name, hashes: hashes.name }
}

/** True for 32 bytes that are a secret key: an integer from 1 to the group order less one. */
export function isSecretKey(secret: Uint8Array): boolean {
  return secp256k1.isSecretKey(secret)
}

/** True for 33 bytes that are the compressed encoding of a point on the curve. Never throws. */
export function isPublicKey(publicKey: Uint8Array): boolean {
  return secp256k1.isPublicKey(publicKey)
}

/** The compressed public key (33 bytes) of a valid secret key; an invalid one is a bug of the caller. */
export function publicKeyFromSecret(secret: Uint8Array): Uint8Array {
  return secp256k1.publicKey(secret)
}

/** The ECDSA signature (64 bytes, r then s, low S) of a 32-byte digest, by RFC 6979 without extra entropy. */
export function signEcdsa(digest: Uint8Array, secret: Uint8Array): Uint8Array {
  return secp256k1.sign(digest, secret)
}

/** The signature of `signEcdsa` with its recovery id: whoever has the digest recovers the public key from the two. */
export function signEcdsaRecoverable(digest: Uint8Array, secret: Uint8Array): RecoverableSignature {
  return secp256k1.signRecoverable(digest, secret)
}

/**
 * The compressed public key (33 bytes) that a 64-byte signature of this digest holds for, be its S low or high (BOLT 11,
 * Tagged Fields); `undefined` where there is none, for a recovery id that is not 0 to 3 and for malformed bytes. Never throws.
 */
export function recoverPublicKey(
  signature: Uint8Array,
  recoveryId: number,
  digest: Uint8Array,
): Uint8Array | undefined {
  return isRecoveryId(recoveryId) ? secp256k1.recoverPublicKey(signature, recoveryId, digest) : undefined
}

/** Whether a 64-byte signature holds. False for a high S and for malformed input of any kind. Never throws. */
export function verifyEcdsa(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean {
  return secp256k1.verify(signature, digest, publicKey)
}

/** `publicKey + tweak·G`; `undefined` where an input or the result is no key. */
export function publicKeyTweakAdd(publicKey: Uint8Array, tweak: Uint8Array): Uint8Array | undefined {
  return secp256k1.publicKeyTweakAdd(publicKey, tweak)
}

/** `tweak·publicKey`; `undefined` where an input is no key or the tweak is zero or out of range. */
export function publicKeyTweakMultiply(publicKey: Uint8Array, tweak: Uint8Array): Uint8Array | undefined {
  return secp256k1.publicKeyTweakMultiply(publicKey, tweak)
}

/** The sum of two public keys; `undefined` where one of them is no key or they cancel out. */
export function publicKeyCombine(a: Uint8Array, b: Uint8Array): Uint8Array | undefined {
  return secp256k1.publicKeyCombine(a, b)
}

/** `secret + tweak` modulo the group order; `undefined` where an input or the result is no key. */
export function secretTweakAdd(secret: Uint8Array, tweak: Uint8Array): Uint8Array | undefined {
  return secp256k1.secretTweakAdd(secret, tweak)
}

/** `secret · tweak` modulo the group order; `undefined` where the secret is no key or the tweak is zero or out of range. */
export function secretTweakMultiply(secret: Uint8Array, tweak: Uint8Array): Uint8Array | undefined {
  return secp256k1.secretTweakMultiply(secret, tweak)
}

/** SHA-256 of the compressed shared point (BOLT 4 and 8), 32 bytes; `undefined` where an input is no key. */
export function ecdh(publicKey: Uint8Array, secret: Uint8Array): Uint8Array | undefined {
  return secp256k1.ecdh(publicKey, secret)
}

export function sha256(data: Uint8Array): Uint8Array {
  return hashes.sha256(data)
}

/** SHA-256 of SHA-256: txids, block hashes and signature digests. */
export function sha256d(data: Uint8Array): Uint8Array {
  return hashes.sha256(hashes.sha256(data))
}

export function ripemd160(data: Uint8Array): Uint8Array {
  return hashes.ripemd160(data)
}

/** RIPEMD-160 of SHA-256, 20 bytes: the hash of a public key in scripts. */
export function hash160(data: Uint8Array): Uint8Array {
  return hashes.ripemd160(hashes.sha256(data))
}

export function hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
  return hashes.hmacSha256(key, data)
}

function isRecoveryId(value: number): value is RecoveryId {
  return value === 0 || value === 1 || value === 2 || value === 3
}
