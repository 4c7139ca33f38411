import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bytesToNumberBE, numberToBytesBE } from '@noble/curves/utils.js'
import { assert, byteAt, concat } from '../base/index.ts'
import type { HashBackend, RecoveryId, Secp256k1Backend } from './backend.ts'

const { Point } = secp256k1
type Point = InstanceType<typeof Point>
const ORDER = Point.Fn.ORDER
// The digest is the message: the library would hash it once more by default.
const SIGN_OPTIONS = { prehash: false, lowS: true, format: 'compact', extraEntropy: false } as const
// In this format the recovery id comes first, then r and s.
const RECOVERABLE_OPTIONS = { ...SIGN_OPTIONS, format: 'recovered' } as const
const VERIFY_OPTIONS = { prehash: false, lowS: true, format: 'compact' } as const

/** secp256k1 in JavaScript: works everywhere, about thirty times slower than the native library. */
export function pureSecp256k1(hashes: HashBackend): Secp256k1Backend {
  return {
    name: 'pure',
    isSecretKey,
    isPublicKey: publicKey => parsePoint(publicKey) !== undefined,
    publicKey(secret) {
      assert(isSecretKey(secret), 'a public key was asked of bytes that are no secret key')
      return secp256k1.getPublicKey(secret, true)
    },
    sign(digest, secret) {
      assert(digest.length === 32, `a digest has 32 bytes, got ${digest.length}`)
      assert(isSecretKey(secret), 'a signature was asked of bytes that are no secret key')
      return secp256k1.sign(digest, secret, SIGN_OPTIONS)
    },
    signRecoverable(digest, secret) {
      assert(digest.length === 32, `a digest has 32 bytes, got ${digest.length}`)
      assert(isSecretKey(secret), 'a signature was asked of bytes that are no secret key')
      const signed = secp256k1.sign(digest, secret, RECOVERABLE_OPTIONS)
      // The library writes 0 to 3 there.
      return { signature: signed.slice(1), recoveryId: byteAt(signed, 0) as RecoveryId }
    },
    recoverPublicKey: recover,
    verify,
    publicKeyTweakAdd(publicKey, tweak) {
      const point = parsePoint(publicKey)
      const scalar = parseScalar(tweak)
      if (point === undefined || scalar === undefined) return undefined
      return encodePoint(scalar === 0n ? point : point.add(Point.BASE.multiply(scalar)))
    },
    publicKeyTweakMultiply: multiply,
    publicKeyCombine(a, b) {
      const left = parsePoint(a)
      const right = parsePoint(b)
      return left === undefined || right === undefined ? undefined : encodePoint(left.add(right))
    },
    secretTweakAdd(secret, tweak) {
      const scalar = parseScalar(tweak)
      if (!isSecretKey(secret) || scalar === undefined) return undefined
      return encodeScalar(bytesToNumberBE(secret) + scalar)
    },
    secretTweakMultiply(secret, tweak) {
      const scalar = parseScalar(tweak)
      if (!isSecretKey(secret) || scalar === undefined) return undefined
      return encodeScalar(bytesToNumberBE(secret) * scalar)
    },
    ecdh(publicKey, secret) {
      const shared = multiply(publicKey, secret)
      return shared === undefined ? undefined : hashes.sha256(shared)
    },
  }
}

function isSecretKey(secret: Uint8Array): boolean {
  const scalar = parseScalar(secret)
  return scalar !== undefined && scalar !== 0n
}

function verify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || digest.length !== 32 || publicKey.length !== 33) return false
  // With the lengths right, the library answers false for all else, also for a key that is not on the curve.
  return secp256k1.verify(signature, digest, publicKey, VERIFY_OPTIONS)
}

function recover(signature: Uint8Array, recoveryId: RecoveryId, digest: Uint8Array): Uint8Array | undefined {
  if (signature.length !== 64 || digest.length !== 32) return undefined
  try {
    return secp256k1.recoverPublicKey(concat(Uint8Array.of(recoveryId), signature), digest, { prehash: false })
  } catch {
    // The library's only way to say that r is on no such point, or that r or s is out of range.
    return undefined
  }
}

function multiply(publicKey: Uint8Array, factor: Uint8Array): Uint8Array | undefined {
  const point = parsePoint(publicKey)
  const scalar = parseScalar(factor)
  // The factor may be a secret (ECDH), hence the constant-time multiplication.
  return point === undefined || scalar === undefined || scalar === 0n ? undefined : encodePoint(point.multiply(scalar))
}

function parsePoint(publicKey: Uint8Array): Point | undefined {
  if (publicKey.length !== 33) return undefined
  try {
    return Point.fromBytes(publicKey)
  } catch {
    // The library's only way to say that these bytes encode no point.
    return undefined
  }
}

function encodePoint(point: Point): Uint8Array | undefined {
  return point.is0() ? undefined : point.toBytes(true)
}

/** An integer below the group order; zero included. */
function parseScalar(bytes: Uint8Array): bigint | undefined {
  if (bytes.length !== 32) return undefined
  const scalar = bytesToNumberBE(bytes)
  return scalar < ORDER ? scalar : undefined
}

function encodeScalar(value: bigint): Uint8Array | undefined {
  const scalar = value % ORDER
  return scalar === 0n ? undefined : numberToBytesBE(scalar, 32)
}
