import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { publicKeyFromSecret } from '../../src/crypto/index.ts'
import { commitmentPoint, commitmentSecret, generateSecret, secretIndex } from '../../src/keys/index.ts'

// Our own per-commitment secrets are remembered between the three times that each is asked for.

/** Near the begin, around where the trunk changes, and anywhere. */
const number = fc.oneof(fc.nat(6), fc.integer({ min: 250, max: 262 }), fc.integer({ min: 0, max: 2 ** 48 - 1 }))

describe('per-commitment secrets of our own', () => {
  test('in whatever order they are asked for, are those that the seed leads to', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.array(fc.record({ number, asksPoint: fc.boolean() }), { minLength: 1, maxLength: 12 }),
        (shachainSeed, questions) => {
          for (const { number: asked, asksPoint } of questions) {
            const secret = generateSecret(shachainSeed, secretIndex(asked))
            if (asksPoint) expect(commitmentPoint({ shachainSeed }, asked)).toEqual(publicKeyFromSecret(secret))
            expect(commitmentSecret({ shachainSeed }, asked)).toEqual(secret)
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  test('of another seed are others, also where the bytes were asked for under the same number', () => {
    const [one, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
    expect(commitmentSecret({ shachainSeed: one }, 7)).not.toEqual(commitmentSecret({ shachainSeed: other }, 7))
  })
})
