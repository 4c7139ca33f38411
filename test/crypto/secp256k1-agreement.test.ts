import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesEqual, concat, fromHex } from '../../src/base/index.ts'
import { type Secp256k1Backend, sha256 } from '../../src/crypto/index.ts'
import { backends, bytes32, flipBit, native, ORDER, otherS, pure, wasm } from './backends.ts'

const fast = native === undefined ? [wasm] : [native, wasm]

/** What the first backend answers, once all the others have answered the same. */
function agree<T>(asked: readonly Secp256k1Backend[], ask: (backend: Secp256k1Backend) => T): T {
  const [first, ...others] = asked.map(ask)
  for (const other of others) {
    const same = first instanceof Uint8Array && other instanceof Uint8Array ? bytesEqual(first, other) : first === other
    // The plain comparison runs a hundred thousand times; the one that explains runs only when it fails.
    if (!same) expect(other).toEqual(first)
  }
  return first as T // there is always a pure backend
}

/** 32 bytes that are a valid secret, digest or tweak but once in 2^128 times. */
const label = (seed: Uint8Array, purpose: number) => sha256(concat(seed, Uint8Array.of(purpose)))

describe('native, WASM and pure secp256k1', () => {
  // Cost: 10,000 × about 2 ms, half of it for the pure backend: native and WASM do everything in each case, the pure one
  // signs in the even ones, verifies in the odd ones, and takes turns at the other operations on points.
  test('agree on 10,000 random cases of sign, verify and tweak', () => {
    let cases = 0
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(1031), (seed, bit) => {
        const [secret, digest, tweak] = [label(seed, 0), label(seed, 1), label(seed, 2)]
        const publicKey = agree(fast, backend => backend.publicKey(secret))
        const [signing, verifying] = cases % 2 === 0 ? [backends, fast] : [fast, backends]
        const signature = agree(signing, backend => backend.sign(digest, secret))
        expect(agree(verifying, backend => backend.verify(signature, digest, publicKey))).toBe(true)
        const added = agree(backends, backend => backend.secretTweakAdd(secret, tweak))
        agree(backends, backend => backend.secretTweakMultiply(secret, tweak))
        const tweaked = agree(fast, backend => backend.publicKeyTweakAdd(publicKey, tweak))
        // Adding to a secret adds to its public key.
        expect(tweaked).toEqual(added && fast[0]?.publicKey(added))
        const wrong =
          cases % 4 < 2
            ? oneBitOff(signature, digest, publicKey, bit)
            : ([otherS(signature), digest, publicKey] as const)
        expect(agree(fast, backend => backend.verify(...wrong))).toBe(false)
        checkPointsInTurn(cases++, { secret, publicKey, tweak })
      }),
      { numRuns: 10_000 },
    )
    expect(cases).toBe(10_000)
  }, 300_000)

  test('each refuses every single flipped bit of signature, digest and public key', () => {
    const [secret, digest] = [label(new Uint8Array(32), 0), label(new Uint8Array(32), 1)]
    const publicKey = pure.publicKey(secret)
    const signature = pure.sign(digest, secret)
    for (let bit = 0; bit < 1032; bit++) {
      for (const backend of backends) {
        const accepted = backend.verify(...oneBitOff(signature, digest, publicKey, bit))
        expect(accepted, `${backend.name}, bit ${bit}`).toBe(false)
      }
    }
  })

  test('each signs with a low S and refuses the high one of the same signature', () => {
    for (let i = 0; i < 50; i++) {
      const [secret, digest] = [label(bytes32(BigInt(i)), 0), label(bytes32(BigInt(i)), 1)]
      for (const backend of backends) {
        const signature = backend.sign(digest, secret)
        const publicKey = backend.publicKey(secret)
        expect(backend.verify(signature, digest, publicKey)).toBe(true)
        expect(backend.verify(otherS(signature), digest, publicKey), backend.name).toBe(false)
      }
    }
  })
})

describe('at the edges of the group, native, WASM and pure secp256k1', () => {
  const scalars = [0n, 1n, 2n, ORDER - 2n, ORDER - 1n, ORDER, ORDER + 1n, 2n ** 256n - 1n].map(bytes32)
  const malformed = [new Uint8Array(0), new Uint8Array(31).fill(1), new Uint8Array(33).fill(1), new Uint8Array(64)]
  const generator = pure.publicKey(bytes32(1n))
  const opposite = pure.publicKey(bytes32(ORDER - 1n))
  const point = (prefix: number, x: string) => concat(Uint8Array.of(prefix), fromHex(x))
  const generatorX = '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'
  const generatorY = '483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8'
  const points = [
    generator,
    opposite,
    point(0, generatorX),
    point(4, generatorX),
    point(5, generatorX),
    point(2, '00'.repeat(32)),
    // x = 5 is on no point of the curve; the last one is not below the field's prime.
    point(2, '05'.padStart(64, '0')),
    point(3, 'ff'.repeat(32)),
    new Uint8Array(33),
    point(4, generatorX + generatorY),
    point(6, generatorX + generatorY),
    new Uint8Array(0),
    generator.slice(0, 32),
    concat(generator, Uint8Array.of(0)),
  ]

  test('agree on what is a secret key: 1 to n − 1', () => {
    const valid = scalars.map(secret => agree(backends, backend => backend.isSecretKey(secret)))
    expect(valid).toEqual([false, true, true, true, true, false, false, false])
    for (const secret of malformed) expect(agree(backends, backend => backend.isSecretKey(secret))).toBe(false)
  })

  test('agree on what is a public key: a compressed point, in no other encoding', () => {
    const valid = points.map(publicKey => agree(backends, backend => backend.isPublicKey(publicKey)))
    expect(valid).toEqual(points.map((_, i) => i < 2))
  })

  test('agree on each pair of secret and tweak', () => {
    for (const secret of [...scalars, ...malformed]) {
      for (const tweak of [...scalars, ...malformed]) {
        agree(backends, backend => backend.secretTweakAdd(secret, tweak))
        agree(backends, backend => backend.secretTweakMultiply(secret, tweak))
      }
    }
  })

  test('agree on each pair of point and scalar, and of two points', () => {
    for (const publicKey of points) {
      for (const scalar of [...scalars, ...malformed]) {
        agree(backends, backend => backend.publicKeyTweakAdd(publicKey, scalar))
        agree(backends, backend => backend.publicKeyTweakMultiply(publicKey, scalar))
        agree(backends, backend => backend.ecdh(publicKey, scalar))
      }
      for (const other of points) agree(backends, backend => backend.publicKeyCombine(publicKey, other))
    }
  })

  test('find no key where a sum is zero or a tweak is out of range, and the right one elsewhere', () => {
    const [zero, one, two, , minusOne, order] = scalars as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      0,
      Uint8Array,
      Uint8Array,
    ]
    for (const backend of backends) {
      expect(backend.secretTweakAdd(minusOne, one)).toBeUndefined()
      expect(backend.publicKeyTweakAdd(opposite, one)).toBeUndefined()
      expect(backend.publicKeyCombine(generator, opposite)).toBeUndefined()
      for (const tweak of [zero, order]) {
        expect(backend.secretTweakMultiply(one, tweak)).toBeUndefined()
        expect(backend.publicKeyTweakMultiply(generator, tweak)).toBeUndefined()
      }
      expect(backend.secretTweakAdd(one, order)).toBeUndefined()
      expect(backend.publicKeyTweakAdd(generator, order)).toBeUndefined()
      // Adding zero is no mistake: a key stays what it is.
      expect(backend.secretTweakAdd(one, zero)).toEqual(one)
      expect(backend.publicKeyTweakAdd(generator, zero)).toEqual(generator)
      expect(backend.secretTweakAdd(minusOne, two)).toEqual(one)
      expect(backend.publicKeyTweakMultiply(generator, minusOne)).toEqual(opposite)
      expect(backend.publicKeyCombine(generator, generator)).toEqual(backend.publicKey(two))
    }
  })

  test('answer false, and never throw, for a signature that is malformed in any part', () => {
    const digest = label(bytes32(0n), 1)
    const signature = pure.sign(digest, bytes32(1n))
    const [zero, one, minusOne, order] = [bytes32(0n), bytes32(1n), bytes32(ORDER - 1n), bytes32(ORDER)]
    const signatures = [signature, ...malformed, signature.slice(1), concat(signature, zero)]
    for (const r of [zero, one, minusOne, order]) for (const s of [zero, one, order]) signatures.push(concat(r, s))
    for (const sig of signatures) {
      for (const hash of [digest, digest.slice(1), concat(digest, zero), new Uint8Array(0)]) {
        for (const key of points) {
          const right = sig === signature && hash === digest && key === generator
          for (const backend of backends) expect(backend.verify(sig, hash, key)).toBe(right)
        }
      }
    }
  })

  test('call it a bug to sign, or to ask for a public key, with what is none', () => {
    const digest = label(bytes32(0n), 1)
    for (const backend of backends) {
      for (const secret of [bytes32(0n), bytes32(ORDER), ...malformed]) {
        expect(() => backend.publicKey(secret)).toThrow('bug in Bookend')
        expect(() => backend.sign(digest, secret)).toThrow('bug in Bookend')
      }
      expect(() => backend.sign(digest.slice(1), bytes32(1n))).toThrow('a digest has 32 bytes, got 31')
    }
  })
})

describe('every backend', () => {
  test('leaves its inputs alone and answers with plain arrays, also when it is handed Buffers', () => {
    const [secret, digest, tweak] = [label(bytes32(9n), 0), label(bytes32(9n), 1), label(bytes32(9n), 2)]
    const publicKey = pure.publicKey(secret)
    for (const backend of backends) {
      const [s, d, t, p] = [secret, digest, tweak, publicKey].map(bytes => Buffer.from(bytes)) as [
        Buffer,
        Buffer,
        Buffer,
        Buffer,
      ]
      const answers = [
        backend.publicKey(s),
        backend.sign(d, s),
        backend.publicKeyTweakAdd(p, t),
        backend.publicKeyTweakMultiply(p, t),
        backend.publicKeyCombine(p, p),
        backend.secretTweakAdd(s, t),
        backend.secretTweakMultiply(s, t),
        backend.ecdh(p, s),
      ]
      for (const answer of answers) expect(answer?.constructor).toBe(Uint8Array)
      expect([s, d, t, p].map(buffer => new Uint8Array(buffer))).toEqual([secret, digest, tweak, publicKey])
    }
  })
})

/** The point operations of the pure backend cost up to 3 ms each, so they take turns, the dearest seldom. */
function checkPointsInTurn(
  turn: number,
  { secret, publicKey, tweak }: { secret: Uint8Array; publicKey: Uint8Array; tweak: Uint8Array },
): void {
  const multiplying = turn % 80 < 8 ? backends : fast
  if (turn % 8 === 0) agree(multiplying, backend => backend.publicKeyTweakMultiply(publicKey, tweak))
  if (turn % 8 === 1) agree(multiplying, backend => backend.ecdh(publicKey, secret))
  if (turn % 8 === 2) agree(backends, backend => backend.publicKeyTweakAdd(publicKey, tweak))
  if (turn % 8 === 3) {
    const other = pure.publicKey(tweak)
    agree(backends, backend => backend.publicKeyCombine(publicKey, other))
  }
  if (turn % 8 === 4) agree(backends, backend => backend.publicKey(secret))
}

/** The arguments of `verify` with one of their 1032 bits flipped. */
function oneBitOff(
  signature: Uint8Array,
  digest: Uint8Array,
  publicKey: Uint8Array,
  bit: number,
): [signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array] {
  if (bit < 512) return [flipBit(signature, bit), digest, publicKey]
  if (bit < 768) return [signature, flipBit(digest, bit - 512), publicKey]
  return [signature, digest, flipBit(publicKey, bit - 768)]
}
