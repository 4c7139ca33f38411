import { createRequire } from 'node:module'
import { assert } from '../../base/index.ts'
import type { RecoveryId, Secp256k1Backend } from '../../crypto/index.ts'

/** What we call of `secp256k1/bindings`, which ships no types. Each throws for what the C library refuses. */
interface Bindings {
  privateKeyVerify(secret: Uint8Array): boolean
  /** Changes `secret` in place. */
  privateKeyTweakAdd(secret: Uint8Array, tweak: Uint8Array): Uint8Array
  /** Changes `secret` in place. */
  privateKeyTweakMul(secret: Uint8Array, tweak: Uint8Array): Uint8Array
  publicKeyVerify(publicKey: Uint8Array): boolean
  publicKeyCreate(secret: Uint8Array): Uint8Array
  publicKeyCombine(publicKeys: readonly Uint8Array[]): Uint8Array
  publicKeyTweakAdd(publicKey: Uint8Array, tweak: Uint8Array): Uint8Array
  publicKeyTweakMul(publicKey: Uint8Array, tweak: Uint8Array): Uint8Array
  ecdsaSign(digest: Uint8Array, secret: Uint8Array): { readonly signature: Uint8Array; readonly recid: RecoveryId }
  ecdsaRecover(signature: Uint8Array, recid: RecoveryId, digest: Uint8Array): Uint8Array
  ecdsaVerify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean
  ecdh(publicKey: Uint8Array, secret: Uint8Array): Uint8Array
}

/**
 * libsecp256k1 compiled for this machine. Throws when there is no such build: `secp256k1` itself would fall back to a
 * slow library without a word, `secp256k1/bindings` does not.
 */
export function loadNativeSecp256k1(): Secp256k1Backend {
  // The package has no types; the self-test of `installBestBackends` checks that it does what we say of it.
  const native = createRequire(import.meta.url)('secp256k1/bindings') as Bindings
  const isSecretKey = (secret: Uint8Array) => secret.length === 32 && native.privateKeyVerify(secret)
  return {
    name: 'native',
    isSecretKey,
    // The length keeps out uncompressed and hybrid encodings, which the C library would accept.
    isPublicKey: publicKey => publicKey.length === 33 && native.publicKeyVerify(publicKey),
    publicKey(secret) {
      assert(isSecretKey(secret), 'a public key was asked of bytes that are no secret key')
      return native.publicKeyCreate(secret)
    },
    sign(digest, secret) {
      assert(digest.length === 32, `a digest has 32 bytes, got ${digest.length}`)
      assert(isSecretKey(secret), 'a signature was asked of bytes that are no secret key')
      return native.ecdsaSign(digest, secret).signature
    },
    signRecoverable(digest, secret) {
      assert(digest.length === 32, `a digest has 32 bytes, got ${digest.length}`)
      assert(isSecretKey(secret), 'a signature was asked of bytes that are no secret key')
      const { signature, recid } = native.ecdsaSign(digest, secret)
      return { signature, recoveryId: recid }
    },
    recoverPublicKey: (signature, recoveryId, digest) =>
      attempt(() => native.ecdsaRecover(signature, recoveryId, digest)),
    // The C library refuses a high S by itself.
    verify(signature, digest, publicKey) {
      if (signature.length !== 64 || digest.length !== 32 || publicKey.length !== 33) return false
      return attempt(() => native.ecdsaVerify(signature, digest, publicKey)) ?? false
    },
    publicKeyTweakAdd: (publicKey, tweak) =>
      publicKey.length === 33 ? attempt(() => native.publicKeyTweakAdd(publicKey, tweak)) : undefined,
    publicKeyTweakMultiply: (publicKey, tweak) =>
      publicKey.length === 33 ? attempt(() => native.publicKeyTweakMul(publicKey, tweak)) : undefined,
    publicKeyCombine: (a, b) =>
      a.length === 33 && b.length === 33 ? attempt(() => native.publicKeyCombine([a, b])) : undefined,
    // The C library would add to a zero, which is no secret key. A fresh array, because it writes the result over its
    // input (and `slice` of a Buffer is no copy).
    secretTweakAdd: (secret, tweak) =>
      isSecretKey(secret) ? attempt(() => native.privateKeyTweakAdd(new Uint8Array(secret), tweak)) : undefined,
    secretTweakMultiply: (secret, tweak) =>
      isSecretKey(secret) ? attempt(() => native.privateKeyTweakMul(new Uint8Array(secret), tweak)) : undefined,
    ecdh: (publicKey, secret) => (publicKey.length === 33 ? attempt(() => native.ecdh(publicKey, secret)) : undefined),
  }
}

/** The bindings say "no" by throwing, for bad lengths as for values out of range. */
function attempt<T>(call: () => T): T | undefined {
  try {
    return call()
  } catch {
    return undefined
  }
}
