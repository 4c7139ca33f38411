import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BugError, fromHex, toHex } from '../../src/base/index.ts'
import { publicKeyFromSecret } from '../../src/crypto/index.ts'
import {
  derivePublicKey,
  deriveRevocationPublicKey,
  deriveRevocationSecretKey,
  deriveSecretKey,
} from '../../src/keys/index.ts'
import vectors from './bolt03-key-derivation.vectors.json' with { type: 'json' }

const basepointSecret = fromHex(vectors.common.basepointSecret)
const perCommitmentSecret = fromHex(vectors.common.perCommitmentSecret)
const basepoint = fromHex(vectors.common.basepoint)
const perCommitmentPoint = fromHex(vectors.common.perCommitmentPoint)

const derive: Record<string, () => Uint8Array> = {
  derivePubkey: () => derivePublicKey(basepoint, perCommitmentPoint),
  derivePrivkey: () => deriveSecretKey(basepointSecret, perCommitmentPoint),
  deriveRevocationPubkey: () => deriveRevocationPublicKey(basepoint, perCommitmentPoint),
  deriveRevocationPrivkey: () => deriveRevocationSecretKey(basepointSecret, perCommitmentSecret),
}

describe('BOLT 3, appendix E: Key Derivation Test Vectors', () => {
  test('there are four of them', () => expect(vectors.cases.map(({ op }) => op)).toEqual(Object.keys(derive)))

  test.each(vectors.cases)('$name', vector => {
    expect(toHex(derive[vector.op]?.() ?? new Uint8Array())).toBe(vector.pubkey ?? vector.privateKey)
  })
})

// A secret key is an integer from 1 to about 2^256 − 2^128: anything that begins with a byte below 0xff is one, but zero.
const secretKey = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .filter(bytes => bytes[0] !== 0xff && bytes.some(byte => byte !== 0))

describe('BOLT 3, Key Derivation', () => {
  test('both sides come to the same key: the one by points, the other by secrets', () => {
    fc.assert(
      fc.property(secretKey, secretKey, (ours, theirs) => {
        const [base, point] = [publicKeyFromSecret(ours), publicKeyFromSecret(theirs)]
        expect(publicKeyFromSecret(deriveSecretKey(ours, point))).toEqual(derivePublicKey(base, point))
        const revocation = deriveRevocationSecretKey(ours, theirs)
        expect(publicKeyFromSecret(revocation)).toEqual(deriveRevocationPublicKey(base, point))
      }),
      { numRuns: 200 },
    )
  })

  test('every part matters: another basepoint or another point is another key', () => {
    const other = publicKeyFromSecret(new Uint8Array(32).fill(5))
    const keys = [
      derivePublicKey(basepoint, perCommitmentPoint),
      derivePublicKey(perCommitmentPoint, basepoint),
      derivePublicKey(basepoint, other),
      derivePublicKey(other, perCommitmentPoint),
      deriveRevocationPublicKey(basepoint, perCommitmentPoint),
      deriveRevocationPublicKey(basepoint, other),
      deriveRevocationPublicKey(other, perCommitmentPoint),
    ]
    expect(new Set(keys.map(toHex)).size).toBe(keys.length)
  })

  test('a point that was not checked is a bug of the caller', () => {
    const notOnCurve = new Uint8Array(33).fill(0xff)
    expect(() => derivePublicKey(notOnCurve, perCommitmentPoint)).toThrow(BugError)
    expect(() => deriveRevocationPublicKey(notOnCurve, perCommitmentPoint)).toThrow(BugError)
    expect(() => deriveRevocationPublicKey(basepoint, notOnCurve)).toThrow(BugError)
    expect(() => deriveSecretKey(new Uint8Array(32), perCommitmentPoint)).toThrow(BugError)
  })
})
