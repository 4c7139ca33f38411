import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { concat, nodeId, toHex } from '../../src/base/index.ts'
import { activeBackends, publicKeyFromSecret, type Secp256k1Backend, sha256 } from '../../src/crypto/index.ts'
import {
  channelBasepoints,
  commitmentPoint,
  commitmentSecret,
  deriveChannelSecrets,
  derivePublicKey,
  deriveRevocationPublicKey,
  deriveRevocationSecretKey,
  deriveSecretKey,
} from '../../src/keys/index.ts'
import { fastSecp256k1 as fast } from '../../src/sim/fastCrypto.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'
import { bytes32, flipBit, native, ORDER, otherS, toInteger, wasm } from '../crypto/backends.ts'

// The keys of simulated worlds obey the laws of the real ones. The proof is a translation: the fast public key of a
// secret stands for the real one of the same secret, and each operation has to give the same answer in both languages.

const real: Secp256k1Backend = native ?? wasm

/** The real key that a fast one stands for. */
const translate = (key: Uint8Array | undefined): Uint8Array | undefined => key && real.publicKey(key.slice(1))

const edges = [0n, 1n, 2n, ORDER / 2n, ORDER / 2n + 1n, ORDER - 2n, ORDER - 1n, ORDER, ORDER + 1n, 2n ** 256n - 1n].map(
  bytes32,
)
const malformed = [
  new Uint8Array(0),
  new Uint8Array(31).fill(1),
  new Uint8Array(33).fill(1),
  new Uint8Array(64).fill(1),
]
const anyBytes32 = fc.oneof(fc.constantFrom(...edges), fc.uint8Array({ minLength: 32, maxLength: 32 }))
const scalar = fc.oneof({ weight: 9, arbitrary: anyBytes32 }, { weight: 1, arbitrary: fc.constantFrom(...malformed) })
const secret = anyBytes32.filter(bytes => real.isSecretKey(bytes))
const digest = anyBytes32

describe('keys without a curve', () => {
  test('are as valid as those of the curve, and the same secrets come of secrets', () => {
    fc.assert(
      fc.property(scalar, scalar, (a, b) => {
        expect(fast.isSecretKey(a)).toBe(real.isSecretKey(a))
        expect(fast.secretTweakAdd(a, b)).toEqual(real.secretTweakAdd(a, b))
        expect(fast.secretTweakMultiply(a, b)).toEqual(real.secretTweakMultiply(a, b))
      }),
      { numRuns: 3000 },
    )
  })

  test('translate, operation by operation, into keys of the curve', () => {
    fc.assert(
      fc.property(secret, secret, scalar, (a, b, tweak) => {
        const [fastA, fastB] = [fast.publicKey(a), fast.publicKey(b)]
        const [realA, realB] = [real.publicKey(a), real.publicKey(b)]
        expect(translate(fast.publicKeyTweakAdd(fastA, tweak))).toEqual(real.publicKeyTweakAdd(realA, tweak))
        expect(translate(fast.publicKeyTweakMultiply(fastA, tweak))).toEqual(real.publicKeyTweakMultiply(realA, tweak))
        expect(translate(fast.publicKeyCombine(fastA, fastB))).toEqual(real.publicKeyCombine(realA, realB))
        expect(fast.ecdh(fastA, tweak) === undefined).toBe(real.ecdh(realA, tweak) === undefined)
        expect(fast.ecdh(fastA, b)).toEqual(fast.ecdh(fastB, a))
      }),
      { numRuns: 2000 },
    )
  })

  test('cancel out where those of the curve do', () => {
    const [one, minusOne] = [bytes32(1n), bytes32(ORDER - 1n)]
    expect(fast.publicKeyCombine(fast.publicKey(one), fast.publicKey(minusOne))).toBeUndefined()
    expect(fast.publicKeyTweakAdd(fast.publicKey(one), minusOne)).toBeUndefined()
    expect(fast.secretTweakAdd(one, minusOne)).toBeUndefined()
    expect(fast.publicKeyTweakAdd(fast.publicKey(one), bytes32(0n))).toEqual(fast.publicKey(one))
  })

  test('are 33 bytes of one shape, and nothing else is a public key', () => {
    const good = fast.publicKey(bytes32(7n))
    expect(fast.isPublicKey(good)).toBe(true)
    const wrong = [
      ...malformed,
      ...edges.filter(bytes => !real.isSecretKey(bytes)).map(bytes => concat(Uint8Array.of(2), bytes)),
      ...[0, 1, 3, 4].map(prefix => concat(Uint8Array.of(prefix), good.slice(1))),
      good.slice(1),
      concat(good, Uint8Array.of(0)),
    ]
    for (const key of wrong) {
      expect(fast.isPublicKey(key)).toBe(false)
      expect(fast.publicKeyTweakAdd(key, bytes32(1n))).toBeUndefined()
      expect(fast.publicKeyTweakMultiply(key, bytes32(2n))).toBeUndefined()
      expect(fast.publicKeyCombine(key, good)).toBeUndefined()
      expect(fast.publicKeyCombine(good, key)).toBeUndefined()
      expect(fast.ecdh(key, bytes32(2n))).toBeUndefined()
    }
  })

  test('are not to be had of bytes that are no secret, nor are signatures', () => {
    for (const bad of [...malformed, bytes32(0n), bytes32(ORDER)]) {
      expect(() => fast.publicKey(bad)).toThrow('bug in Bookend')
      expect(() => fast.sign(bytes32(1n), bad)).toThrow('bug in Bookend')
    }
    for (const bad of malformed) expect(() => fast.sign(bad, bytes32(1n))).toThrow('a digest has 32 bytes')
  })

  test('leave their inputs alone and come as plain arrays, also from Buffers', () => {
    const [a, b, d] = [bytes32(ORDER - 5n), bytes32(ORDER - 9n), bytes32(3n)]
    const [s, t, e] = [a, b, d].map(bytes => Buffer.from(bytes)) as [Buffer, Buffer, Buffer]
    const p = Buffer.from(fast.publicKey(s))
    const signed = fast.signRecoverable(e, s)
    const answers = [
      fast.publicKey(s),
      fast.sign(e, s),
      fast.publicKeyTweakAdd(p, t),
      fast.publicKeyTweakMultiply(p, t),
      fast.publicKeyCombine(p, p),
      fast.secretTweakAdd(s, t),
      fast.secretTweakMultiply(s, t),
      fast.ecdh(p, t),
      fast.recoverPublicKey(Buffer.from(signed.signature), signed.recoveryId, e),
    ]
    for (const answer of answers) expect(answer?.constructor).toBe(Uint8Array)
    expect([s, t, e].map(buffer => new Uint8Array(buffer))).toEqual([a, b, d])
    expect(new Uint8Array(p)).toEqual(fast.publicKey(a))
  })
})

describe('signatures without a curve', () => {
  test('hold for their digest and key alone, with a low S that is never zero, the same each time', () => {
    fc.assert(
      fc.property(secret, secret, digest, digest, (a, b, one, other) => {
        const signature = fast.sign(one, a)
        expect(fast.sign(one, a)).toEqual(signature)
        const [r, s] = [toInteger(signature.slice(0, 32)), toInteger(signature.slice(32))]
        expect(r > 0n && r < ORDER && s > 0n && s <= ORDER / 2n).toBe(true)
        expect(fast.verify(signature, one, fast.publicKey(a))).toBe(true)
        expect(fast.verify(signature, other, fast.publicKey(a))).toBe(toHex(one) === toHex(other))
        expect(fast.verify(signature, one, fast.publicKey(b))).toBe(toHex(a) === toHex(b))
        expect(fast.verify(otherS(signature), one, fast.publicKey(a))).toBe(false)
      }),
      { numRuns: 1000 },
    )
  })

  test('are refused with any bit flipped in signature, digest or key', () => {
    const [key, hash] = [sha256(bytes32(1n)), sha256(bytes32(2n))]
    const [signature, publicKey] = [fast.sign(hash, key), fast.publicKey(key)]
    for (let bit = 0; bit < 512; bit++) expect(fast.verify(flipBit(signature, bit), hash, publicKey)).toBe(false)
    for (let bit = 0; bit < 256; bit++) expect(fast.verify(signature, flipBit(hash, bit), publicKey)).toBe(false)
    for (let bit = 0; bit < 264; bit++) expect(fast.verify(signature, hash, flipBit(publicKey, bit))).toBe(false)
  })

  test('of any malformed shape are refused without a throw', () => {
    const [key, hash] = [bytes32(5n), bytes32(6n)]
    const [signature, publicKey] = [fast.sign(hash, key), fast.publicKey(key)]
    const strange = [...malformed, signature.slice(1), concat(signature, Uint8Array.of(0))]
    for (const s of edges) for (const r of edges) strange.push(concat(r, s))
    for (const bad of strange) {
      expect(fast.verify(bad, hash, publicKey)).toBe(false)
      expect(fast.recoverPublicKey(bad, 0, hash)).toBeUndefined()
    }
    for (const bad of malformed) {
      expect(fast.verify(signature, bad, publicKey)).toBe(false)
      expect(fast.verify(signature, hash, bad)).toBe(false)
      expect(fast.recoverPublicKey(signature, 0, bad)).toBeUndefined()
    }
  })

  test('give their key back to whoever has the digest and the recovery id, also with the other S', () => {
    const ids = new Set<number>()
    fc.assert(
      fc.property(secret, digest, (key, hash) => {
        const { signature, recoveryId } = fast.signRecoverable(hash, key)
        ids.add(recoveryId)
        expect(signature).toEqual(fast.sign(hash, key))
        for (const id of [0, 1, 2, 3] as const) {
          const expected = fast.publicKey(key)
          expect(fast.recoverPublicKey(signature, id, hash)).toEqual(id === recoveryId ? expected : undefined)
          const turned = id === (recoveryId === 0 ? 1 : 0)
          expect(fast.recoverPublicKey(otherS(signature), id, hash)).toEqual(turned ? expected : undefined)
        }
        expect(fast.recoverPublicKey(signature, recoveryId, sha256(hash))).toBeUndefined()
      }),
      { numRuns: 500 },
    )
    expect([...ids].sort()).toEqual([0, 1])
  })
})

describe('behind the crypto door', () => {
  beforeAll(() => useCrypto('fast'))
  afterAll(() => useCrypto('real'))

  test('answers what was asked for: fast keys, and real hashes', async () => {
    expect(activeBackends().secp256k1).toBe('fast')
    expect(toHex(sha256(new Uint8Array(0)))).toMatch(/^e3b0c44298fc1c14/)
    await useCrypto('real')
    expect(activeBackends().secp256k1).not.toBe('fast')
    await useCrypto('fast')
  })

  test('the secrets and keys of a channel belong together (BOLT 3, Key Derivation)', () => {
    for (let index = 0; index < 50; index++) {
      const holder = deriveChannelSecrets(sha256(bytes32(1n)), index)
      const other = deriveChannelSecrets(sha256(bytes32(2n)), index)
      const [mine, theirs] = [channelBasepoints(holder), channelBasepoints(other)]
      const number = index * 1000
      const point = commitmentPoint(holder, number)
      const perCommitment = commitmentSecret(holder, number)
      expect(publicKeyFromSecret(perCommitment)).toEqual(point)
      const revocation = deriveRevocationPublicKey(theirs.revocationBasepoint, point)
      const punishing = deriveRevocationSecretKey(other.revocationBasepointSecret, perCommitment)
      expect(publicKeyFromSecret(punishing)).toEqual(revocation)
      const delayed = deriveSecretKey(holder.delayedPaymentBasepointSecret, point)
      expect(publicKeyFromSecret(delayed)).toEqual(derivePublicKey(mine.delayedPaymentBasepoint, point))
      // The twin: another commitment's secret opens nothing.
      const wrong = commitmentSecret(holder, number + 1)
      const useless = deriveRevocationSecretKey(other.revocationBasepointSecret, wrong)
      expect(publicKeyFromSecret(useless)).not.toEqual(revocation)
    }
  })

  test('a public key names a node', () => {
    expect(nodeId(publicKeyFromSecret(bytes32(1n)))).toBe(`02${'00'.repeat(31)}01`)
  })
})
