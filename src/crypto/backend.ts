// What a secp256k1 library has to do for us. The pure one is built in; a host may install a faster one at start-up.

/** Which of the up to four points with the same r a signature was made with (SEC 1, 4.1.6). */
export type RecoveryId = 0 | 1 | 2 | 3

/** A signature (64 bytes, r then s) from which the public key can be had, given the digest. */
export interface RecoverableSignature {
  readonly signature: Uint8Array
  readonly recoveryId: RecoveryId
}

/** Shapes: secrets, digests and tweaks 32 bytes; public keys 33 bytes, compressed; signatures 64 bytes, r then s. */
export interface Secp256k1Backend {
  /** `fast` is no curve at all, but what simulated worlds put in its place. */
  readonly name: 'native' | 'wasm' | 'pure' | 'fast'
  isSecretKey(secret: Uint8Array): boolean
  /** A compressed encoding of a point on the curve. */
  isPublicKey(publicKey: Uint8Array): boolean
  publicKey(secret: Uint8Array): Uint8Array
  /**
   * Deterministic (RFC 6979, no extra entropy), low S: the same bytes from every backend. (Not for a digest that is no
   * scalar, which libsecp256k1 does not reduce for the nonce; a hash is one of those once in 2^128 times.)
   */
  sign(digest: Uint8Array, secret: Uint8Array): Uint8Array
  /** The signature of `sign`, and what recovers the public key from it. */
  signRecoverable(digest: Uint8Array, secret: Uint8Array): RecoverableSignature
  /**
   * The public key (33 bytes) that the signature holds for, be its S low or high; `undefined` where there is none and for
   * malformed input of any length. Never throws.
   */
  recoverPublicKey(signature: Uint8Array, recoveryId: RecoveryId, digest: Uint8Array): Uint8Array | undefined
  /** False for a high S, for malformed input of any length, and for a wrong signature. Never throws. */
  verify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean
  /** `undefined` where the result is no key (probability 2^-128, or a tweak out of range). */
  publicKeyTweakAdd(publicKey: Uint8Array, tweak: Uint8Array): Uint8Array | undefined
  publicKeyTweakMultiply(publicKey: Uint8Array, tweak: Uint8Array): Uint8Array | undefined
  publicKeyCombine(a: Uint8Array, b: Uint8Array): Uint8Array | undefined
  secretTweakAdd(secret: Uint8Array, tweak: Uint8Array): Uint8Array | undefined
  secretTweakMultiply(secret: Uint8Array, tweak: Uint8Array): Uint8Array | undefined
  /** SHA-256 of the compressed shared point (BOLT 4 and 8). */
  ecdh(publicKey: Uint8Array, secret: Uint8Array): Uint8Array | undefined
}

export interface HashBackend {
  readonly name: 'native' | 'pure'
  sha256(data: Uint8Array): Uint8Array
  ripemd160(data: Uint8Array): Uint8Array
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array
}
