import { assert } from '../../base/index.ts'
import { pureHashes, pureSecp256k1, type Secp256k1Backend, sha256 } from '../../crypto/index.ts'

/** libsecp256k1 compiled to WebAssembly: half the speed of the native one, on every machine that runs Node. */
export async function loadWasmSecp256k1(): Promise<Secp256k1Backend> {
  // Loaded only when it is needed: the package takes a fifth of a second to load.
  const { instantiateSecp256k1 } = await import('@bitauth/libauth')
  const wasm = await instantiateSecp256k1()
  // This build does not export the addition of two points.
  const { publicKeyCombine } = pureSecp256k1(pureHashes)

  // The library pads what is too short and throws for what is too long, so each length is checked before.
  const isSecretKey = (secret: Uint8Array) => secret.length === 32 && wasm.validatePrivateKey(secret)
  const multiply = (publicKey: Uint8Array, factor: Uint8Array) =>
    publicKey.length === 33 && factor.length === 32
      ? bytesOrUndefined(wasm.mulTweakPublicKeyCompressed(publicKey, factor))
      : undefined

  return {
    name: 'wasm',
    isSecretKey,
    isPublicKey: publicKey => publicKey.length === 33 && wasm.validatePublicKey(publicKey),
    publicKey(secret) {
      assert(isSecretKey(secret), 'a public key was asked of bytes that are no secret key')
      return bytesOrBug(wasm.derivePublicKeyCompressed(secret))
    },
    sign(digest, secret) {
      assert(digest.length === 32, `a digest has 32 bytes, got ${digest.length}`)
      assert(isSecretKey(secret), 'a signature was asked of bytes that are no secret key')
      return bytesOrBug(wasm.signMessageHashCompact(secret, digest))
    },
    signRecoverable(digest, secret) {
      assert(digest.length === 32, `a digest has 32 bytes, got ${digest.length}`)
      assert(isSecretKey(secret), 'a signature was asked of bytes that are no secret key')
      const signed = wasm.signMessageHashRecoverableCompact(secret, digest)
      assert(typeof signed !== 'string', `a checked key was refused: ${signed}`)
      return signed
    },
    recoverPublicKey: (signature, recoveryId, digest) =>
      signature.length === 64 && digest.length === 32
        ? bytesOrUndefined(wasm.recoverPublicKeyCompressed(signature, recoveryId, digest))
        : undefined,
    verify: (signature, digest, publicKey) =>
      signature.length === 64 &&
      digest.length === 32 &&
      publicKey.length === 33 &&
      wasm.verifySignatureCompactLowS(signature, publicKey, digest),
    publicKeyTweakAdd: (publicKey, tweak) =>
      publicKey.length === 33 && tweak.length === 32
        ? bytesOrUndefined(wasm.addTweakPublicKeyCompressed(publicKey, tweak))
        : undefined,
    publicKeyTweakMultiply: multiply,
    publicKeyCombine,
    secretTweakAdd: (secret, tweak) =>
      isSecretKey(secret) && tweak.length === 32 ? bytesOrUndefined(wasm.addTweakPrivateKey(secret, tweak)) : undefined,
    secretTweakMultiply: (secret, tweak) =>
      isSecretKey(secret) && tweak.length === 32 ? bytesOrUndefined(wasm.mulTweakPrivateKey(secret, tweak)) : undefined,
    ecdh(publicKey, secret) {
      const shared = multiply(publicKey, secret)
      return shared === undefined ? undefined : sha256(shared)
    },
  }
}

/** The library says "no" with a sentence in place of the bytes. */
function bytesOrUndefined(answer: Uint8Array | string): Uint8Array | undefined {
  return typeof answer === 'string' ? undefined : answer
}

function bytesOrBug(answer: Uint8Array | string): Uint8Array {
  assert(typeof answer !== 'string', `a checked key was refused: ${answer}`)
  return answer
}
