import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BugError, toHex } from '../../src/base/index.ts'
import { isPublicKey, isSecretKey, publicKeyFromSecret } from '../../src/crypto/index.ts'
import {
  channelBasepoints,
  commitmentPoint,
  commitmentSecret,
  deriveChannelSecrets,
  emptySecretStore,
  insertSecret,
  lookupSecret,
  secretIndex,
} from '../../src/keys/index.ts'

const seed = new Uint8Array(32).fill(0x2a)

describe('the seed layout, version 1', () => {
  // These figures are promised to every backup: when one changes, channels are lost.
  test('stays as it is', () => {
    const secrets = deriveChannelSecrets(seed, 7)
    expect(Object.fromEntries(Object.entries(secrets).map(([name, bytes]) => [name, toHex(bytes)]))).toEqual({
      fundingSecret: '1e916d87f26274683fa69f486937543f127c28ef1ed9d0544e75b903b1d344ab',
      revocationBasepointSecret: 'be6e4c320ae35fe48657d6d2e3d0f0144d842d0cca91b9ecb01b325229ac36ad',
      paymentBasepointSecret: 'f02efedd7f83ff3881826b81c95a36f36c87b52021907792d213528f0bd9e3dd',
      delayedPaymentBasepointSecret: '2633b7115ffe0b04b50f2bfb404c73f9af9dca8de875ee77cd189f6a92c03789',
      htlcBasepointSecret: 'ae3ab614ed24c7a2e21d7e65d48268d6b2206f76429639b4fdd9d58ae47c81fd',
      shachainSeed: '0123581a0701dff2131f0d3f5e1fbc24bda42d6d7db52338f7a66dca21b95740',
    })
  })

  test('gives different secrets for each name, index and seed', () => {
    const all = new Set<string>()
    for (const index of [0, 1, 2, 255, 256, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      for (const from of [seed, new Uint8Array(32)]) {
        for (const secret of Object.values(deriveChannelSecrets(from, index))) all.add(toHex(secret))
      }
    }
    expect(all.size).toBe(7 * 2 * 6)
  })

  test('takes no seed of another length and no index that is no safe integer', () => {
    expect(() => deriveChannelSecrets(new Uint8Array(31), 0)).toThrow(BugError)
    for (const index of [-1, 0.5, 2 ** 53]) expect(() => deriveChannelSecrets(seed, index)).toThrow(BugError)
  })
})

describe('channel keys', () => {
  test('basepoints are the public keys of the secrets, name by name', () => {
    const secrets = deriveChannelSecrets(seed, 0)
    expect(channelBasepoints(secrets)).toEqual({
      fundingPubkey: publicKeyFromSecret(secrets.fundingSecret),
      revocationBasepoint: publicKeyFromSecret(secrets.revocationBasepointSecret),
      paymentBasepoint: publicKeyFromSecret(secrets.paymentBasepointSecret),
      delayedPaymentBasepoint: publicKeyFromSecret(secrets.delayedPaymentBasepointSecret),
      htlcBasepoint: publicKeyFromSecret(secrets.htlcBasepointSecret),
    })
  })

  test('all keys are valid whatever the seed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.maxSafeNat(), (anySeed, index) => {
        const secrets = deriveChannelSecrets(anySeed, index)
        expect(Object.values(secrets).every(isSecretKey)).toBe(true)
        expect(Object.values(channelBasepoints(secrets)).every(isPublicKey)).toBe(true)
      }),
      { numRuns: 100 },
    )
  })

  test('the first commitment uses index 2^48 − 1 (BOLT 3, Per-commitment Secret Requirements)', () => {
    expect(secretIndex(0)).toBe(281474976710655)
    expect(secretIndex(42)).toBe(281474976710655 - 42)
  })

  test('the other side can store what we reveal, and its points are the ones we announced', () => {
    const secrets = deriveChannelSecrets(seed, 3)
    let store = emptySecretStore
    for (let number = 0; number < 50; number++) {
      const revealed = commitmentSecret(secrets, number)
      expect(publicKeyFromSecret(revealed)).toEqual(commitmentPoint(secrets, number))
      const inserted = insertSecret(store, secretIndex(number), revealed)
      if (!inserted.ok) throw new Error(inserted.error.message)
      store = inserted.value
    }
    expect(lookupSecret(store, secretIndex(13))).toEqual(commitmentSecret(secrets, 13))
    expect(lookupSecret(store, secretIndex(50))).toBeUndefined()
  })
})

describe('a seed that gives no secret key', () => {
  test('is a bug: the all-zero per-commitment secret is none', () => {
    // Index 0 is the seed itself, and zero is no secret key.
    expect(() => commitmentSecret({ shachainSeed: new Uint8Array(32) }, 2 ** 48 - 1)).toThrow(BugError)
  })
})
