import { readFileSync } from 'node:fs'
import { createBase58check } from '@scure/base'
import { HDKey } from '@scure/bip32'
import { describe, expect, test } from 'vitest'
import { bytesEqual, fromHex, toHex } from '../../src/base/index.ts'
import { addressFromScript, type Network, scriptFromAddress } from '../../src/bitcoin/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import { bip39Seed } from '../../src/keys/seedPhrase.ts'
import { type Branch, deriveAddressKey, walletKeys } from '../../src/wallet/index.ts'

interface Vectors {
  readonly mnemonic: string
  readonly seed: string
  readonly addresses: readonly {
    readonly branch: Branch
    readonly index: number
    readonly privkey: string
    readonly pubkey: string
    readonly address: string
  }[]
}

const vectors = JSON.parse(readFileSync(new URL('bip84.vectors.json', import.meta.url), 'utf8')) as Vectors
const seed = fromHex(vectors.seed)

/** The wallet import format of a compressed key: version 0x80, the secret, 0x01. */
const wif = (secret: Uint8Array): string => createBase58check(sha256).encode(Uint8Array.from([0x80, ...secret, 0x01]))

describe('BIP 84 test vectors', () => {
  test('the words give the seed', () => {
    expect(toHex(bip39Seed(vectors.mnemonic as Parameters<typeof bip39Seed>[0], ''))).toBe(vectors.seed)
  })

  for (const { branch, index, privkey, pubkey, address } of vectors.addresses) {
    test(`m/84'/0'/0'/${branch === 'receive' ? 0 : 1}/${index}`, () => {
      const key = deriveAddressKey(walletKeys(seed, 'bitcoin'), { branch, index })
      expect(wif(key.secret)).toBe(privkey)
      expect(toHex(key.publicKey)).toBe(pubkey)
      expect(addressFromScript(key.script, 'bitcoin')).toBe(address)
    })
  }
})

describe('the account of a network', () => {
  test.each<Network>(['testnet', 'signet', 'regtest'])('%s has coin type 1', network => {
    const library = HDKey.fromMasterSeed(seed).derive("m/84'/1'/0'/1/7")
    const key = deriveAddressKey(walletKeys(seed, network), { branch: 'change', index: 7 })
    expect(key.secret).toEqual(library.privateKey)
    expect(key.publicKey).toEqual(library.publicKey)
    const address = addressFromScript(key.script, network) ?? ''
    expect(scriptFromAddress(address, network)).toEqual({ ok: true, value: key.script })
  })

  test('shares no key with the one of bitcoin, nor one branch with the other, nor one index with the next', () => {
    const all = (['bitcoin', 'regtest'] as const).flatMap(network =>
      (['receive', 'change'] as const).flatMap(branch =>
        [0, 1, 2].map(index => deriveAddressKey(walletKeys(seed, network), { branch, index }).secret),
      ),
    )
    expect(new Set(all.map(toHex)).size).toBe(12)
  })

  test('another seed is another account, and a seed of another length is a bug of the caller', () => {
    const other = walletKeys(fromHex('00'.repeat(64)), 'regtest')
    expect(bytesEqual(other.receive.secret, walletKeys(seed, 'regtest').receive.secret)).toBe(false)
    expect(() => walletKeys(seed.slice(0, 32), 'regtest')).toThrow('a BIP 39 seed has 64 bytes, got 32')
  })
})

describe('an address that was derived before', () => {
  test('is the very same for the same keys, and derived anew for others that are equal', () => {
    const [keys, equal] = [walletKeys(seed, 'regtest'), walletKeys(seed, 'regtest')]
    const all = (from: typeof keys) =>
      (['receive', 'change'] as const).flatMap(branch =>
        [0, 1, 2].map(index => deriveAddressKey(from, { branch, index })),
      )
    const first = all(keys)
    const again = all(keys)
    const others = all(equal)
    for (const [i, key] of first.entries()) {
      expect(again[i]).toBe(key)
      expect(others[i]).not.toBe(key)
      expect(others[i]).toEqual(key)
    }
    expect(new Set(first).size).toBe(6)
  })

  test('is forgotten when a thousand others of its branch came after it, and then derived as it was', () => {
    const keys = walletKeys(seed, 'regtest')
    const first = deriveAddressKey(keys, { branch: 'receive', index: 0 })
    for (let index = 1; index < 1024; index++) deriveAddressKey(keys, { branch: 'receive', index })
    deriveAddressKey(keys, { branch: 'change', index: 0 })
    expect(deriveAddressKey(keys, { branch: 'receive', index: 0 })).toBe(first)
    deriveAddressKey(keys, { branch: 'receive', index: 1024 })
    const again = deriveAddressKey(keys, { branch: 'receive', index: 0 })
    expect(again).not.toBe(first)
    expect(again).toEqual(first)
  })
})
