import { assert, byteAt, compareBytes, fromHex, utf8Encode } from '../base/index.ts'
import { type RecoverableSignature, type RecoveryId, type Secp256k1Backend, sha256 } from '../crypto/index.ts'

// Keys without a curve, for simulated worlds alone: whoever sees a public key has the secret.
//
// The points of secp256k1 are a group of n elements, and so are the integers modulo n. Here the second stand for the first:
// the generator is 1, and the public key of a secret is the secret itself, behind the byte 02. So every law that Lightning
// rests on holds (a tweaked secret belongs to the tweaked key, both ends of an ECDH meet), a thousand times faster.

/** The order n of the group, as secp256k1 has it. */
const ORDER = fromHex('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141')
const ORDER_INTEGER = BigInt('0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141')
/** Half of it, rounded down: the highest S that is low (BIP 146). */
const HALF_ORDER = fromHex('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0')
const PREFIX = 0x02
const SCALAR_BYTES = 32
const LAST_BYTE = SCALAR_BYTES - 1
const DOMAIN = utf8Encode('bookend simulated ecdsa')

/**
 * A stand-in for secp256k1 with the same shapes, lengths and refusals. A signature is s, a hash of key and digest, and
 * r = key + s modulo n, so that the key can be had from it. Unlike the real thing it is one of a kind: a signature of
 * other bytes has no key to recover, where secp256k1 finds the key of nobody.
 */
export const fastSecp256k1: Secp256k1Backend = {
  name: 'fast',
  isSecretKey,
  isPublicKey,
  publicKey(secret) {
    assert(isSecretKey(secret), 'a public key was asked of bytes that are no secret key')
    return publicKeyOf(secret)
  },
  sign: (digest, secret) => signRecoverable(digest, secret).signature,
  signRecoverable,
  recoverPublicKey,
  verify,
  publicKeyTweakAdd(publicKey, tweak) {
    if (!isPublicKey(publicKey) || !isScalar(tweak)) return undefined
    return publicKeyOrNone(add(scalarOf(publicKey), tweak))
  },
  publicKeyTweakMultiply,
  publicKeyCombine(a, b) {
    if (!isPublicKey(a) || !isPublicKey(b)) return undefined
    return publicKeyOrNone(add(scalarOf(a), scalarOf(b)))
  },
  secretTweakAdd(secret, tweak) {
    if (!isSecretKey(secret) || !isScalar(tweak)) return undefined
    const sum = add(secret, tweak)
    return isZero(sum) ? undefined : sum
  },
  secretTweakMultiply: (secret, tweak) =>
    isSecretKey(secret) && isSecretKey(tweak) ? multiply(secret, tweak) : undefined,
  ecdh(publicKey, secret) {
    const shared = publicKeyTweakMultiply(publicKey, secret)
    return shared === undefined ? undefined : sha256(shared)
  },
}

// Signatures

function signRecoverable(digest: Uint8Array, secret: Uint8Array): RecoverableSignature {
  assert(digest.length === SCALAR_BYTES, () => `a digest has 32 bytes, got ${digest.length}`)
  assert(isSecretKey(secret), 'a signature was asked of bytes that are no secret key')
  const { s, recoveryId } = lowerHalf(secret, digest)
  const signature = new Uint8Array(2 * SCALAR_BYTES)
  signature.set(add(secret, s))
  signature.set(s, SCALAR_BYTES)
  return { signature, recoveryId }
}

function verify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || digest.length !== SCALAR_BYTES || !isPublicKey(publicKey)) return false
  const key = scalarOf(publicKey)
  const { s } = lowerHalf(key, digest)
  return equalFrom(signature, SCALAR_BYTES, s) && equalFrom(signature, 0, add(key, s))
}

/** A high S stands for the low one with the other recovery id, as ECDSA has it. */
function recoverPublicKey(signature: Uint8Array, recoveryId: RecoveryId, digest: Uint8Array): Uint8Array | undefined {
  if (signature.length !== 64 || digest.length !== SCALAR_BYTES) return undefined
  const r = signature.subarray(0, SCALAR_BYTES)
  const given = signature.subarray(SCALAR_BYTES)
  if (!isSecretKey(r) || !isSecretKey(given)) return undefined
  const high = compareBytes(given, HALF_ORDER) > 0
  const s = high ? negate(given) : given
  const key = add(r, negate(s))
  if (isZero(key)) return undefined
  const expected = lowerHalf(key, digest)
  const expectedId = high ? expected.recoveryId ^ 1 : expected.recoveryId
  return equalFrom(s, 0, expected.s) && recoveryId === expectedId ? publicKeyOf(key) : undefined
}

const toSign = new Uint8Array(DOMAIN.length + 2 * SCALAR_BYTES)
toSign.set(DOMAIN)

/** The s of a key's signature of a digest, from 1 to half the order, and one bit more to know it by. */
function lowerHalf(
  key: Uint8Array,
  digest: Uint8Array,
): { readonly s: Uint8Array; readonly recoveryId: Extract<RecoveryId, 0 | 1> } {
  toSign.set(key, DOMAIN.length)
  toSign.set(digest, DOMAIN.length + SCALAR_BYTES)
  const s = sha256(toSign)
  const top = byteAt(s, 0)
  // Half the order lies just below 2^255, so a clear top bit is low enough but for once in 2^127 times; then the next bit goes too.
  s[0] = top & 0x7f
  if (compareBytes(s, HALF_ORDER) > 0) s[0] = top & 0x3f
  s[LAST_BYTE] = byteAt(s, LAST_BYTE) | 1
  return { s, recoveryId: top < 0x80 ? 0 : 1 }
}

function equalFrom(bytes: Uint8Array, offset: number, part: Uint8Array): boolean {
  for (let i = 0; i < SCALAR_BYTES; i++) if (bytes[offset + i] !== part[i]) return false
  return true
}

// Keys

function isSecretKey(secret: Uint8Array): boolean {
  return isScalar(secret) && !isZero(secret)
}

function isPublicKey(publicKey: Uint8Array): boolean {
  return publicKey.length === 1 + SCALAR_BYTES && publicKey[0] === PREFIX && isSecretKey(scalarOf(publicKey))
}

function publicKeyOf(scalar: Uint8Array): Uint8Array {
  const publicKey = new Uint8Array(1 + SCALAR_BYTES)
  publicKey[0] = PREFIX
  publicKey.set(scalar, 1)
  return publicKey
}

function publicKeyOrNone(scalar: Uint8Array): Uint8Array | undefined {
  return isZero(scalar) ? undefined : publicKeyOf(scalar)
}

function scalarOf(publicKey: Uint8Array): Uint8Array {
  return publicKey.subarray(1)
}

function publicKeyTweakMultiply(publicKey: Uint8Array, tweak: Uint8Array): Uint8Array | undefined {
  if (!isPublicKey(publicKey) || !isSecretKey(tweak)) return undefined
  return publicKeyOf(multiply(scalarOf(publicKey), tweak))
}

// Integers modulo n, as 32 bytes: below n, or else they are refused

function isScalar(bytes: Uint8Array): boolean {
  return bytes.length === SCALAR_BYTES && compareBytes(bytes, ORDER) < 0
}

function isZero(scalar: Uint8Array): boolean {
  for (let i = LAST_BYTE; i >= 0; i--) if (scalar[i] !== 0) return false
  return true
}

/** Byte by byte: the way to a BigInt and back would take longer. */
function add(a: Uint8Array, b: Uint8Array): Uint8Array {
  const sum = new Uint8Array(SCALAR_BYTES)
  let carry = 0
  for (let i = LAST_BYTE; i >= 0; i--) {
    carry += byteAt(a, i) + byteAt(b, i)
    sum[i] = carry
    carry >>= 8
  }
  // Both were below n, so what is too much is one n at most.
  return carry > 0 || compareBytes(sum, ORDER) >= 0 ? subtract(sum, ORDER) : sum
}

/** `n − a`, of an `a` that is not zero. */
function negate(a: Uint8Array): Uint8Array {
  return subtract(ORDER, a)
}

/** Modulo 2^256. */
function subtract(a: Uint8Array, b: Uint8Array): Uint8Array {
  const difference = new Uint8Array(SCALAR_BYTES)
  let borrow = 0
  for (let i = LAST_BYTE; i >= 0; i--) {
    borrow += byteAt(a, i) - byteAt(b, i)
    difference[i] = borrow
    borrow >>= 8
  }
  return difference
}

/** The product of two that are not zero is not zero: n is prime. */
function multiply(a: Uint8Array, b: Uint8Array): Uint8Array {
  return fromInteger((toInteger(a) * toInteger(b)) % ORDER_INTEGER)
}

const words = new DataView(new ArrayBuffer(SCALAR_BYTES))
const wordBytes = new Uint8Array(words.buffer)

function toInteger(scalar: Uint8Array): bigint {
  wordBytes.set(scalar)
  const high = (words.getBigUint64(0) << 64n) | words.getBigUint64(8)
  return (high << 128n) | (words.getBigUint64(16) << 64n) | words.getBigUint64(24)
}

function fromInteger(value: bigint): Uint8Array {
  // Each write keeps the lowest 64 bits.
  words.setBigUint64(0, value >> 192n)
  words.setBigUint64(8, value >> 128n)
  words.setBigUint64(16, value >> 64n)
  words.setBigUint64(24, value)
  return wordBytes.slice()
}
