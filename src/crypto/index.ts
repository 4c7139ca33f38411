// crypto: the door to every cryptographic primitive. Callers import functions from here and never name a library.
// It starts with the pure backend and knows nothing of Node; a host installs the native or WASM one (`installBackends`).
// Start reading at backend.ts, then active.ts.
export {
  activeBackends,
  type Backends,
  ecdh,
  hash160,
  hmacSha256,
  installBackends,
  isPublicKey,
  isSecretKey,
  publicKeyCombine,
  publicKeyFromSecret,
  publicKeyTweakAdd,
  publicKeyTweakMultiply,
  recoverPublicKey,
  ripemd160,
  secretTweakAdd,
  secretTweakMultiply,
  sha256,
  sha256d,
  signEcdsa,
  signEcdsaRecoverable,
  verifyEcdsa,
} from './active.ts'
export type { HashBackend, RecoverableSignature, RecoveryId, Secp256k1Backend } from './backend.ts'
export { chacha20 } from './chacha20.ts'
export { type AeadContext, chacha20Poly1305Decrypt, chacha20Poly1305Encrypt } from './chacha20Poly1305.ts'
export { constantTimeEqual } from './constantTimeEqual.ts'
export { hkdfSha256 } from './hkdf.ts'
export { pureHashes } from './pureHashes.ts'
export { pureSecp256k1 } from './pureSecp256k1.ts'
