import { Address, NETWORK, OutScript, TEST_NETWORK } from '@scure/btc-signer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/index.ts'
import {
  addressFromScript,
  type Network,
  OP,
  p2pkhScript,
  p2shScript,
  p2trScript,
  p2wpkhScriptFromHash,
  scriptFromAddress,
  script as scriptOf,
  witnessProgramScript,
} from '../../src/bitcoin/index.ts'
import vectors from './bip350.vectors.json' with { type: 'json' }

// BIP 350 (and with it BIP 173) for segwit addresses, base58check for the older ones.

const NETWORKS: readonly Network[] = ['bitcoin', 'testnet', 'signet', 'regtest']

describe('BIP 350 vectors', () => {
  it.each(vectors.valid)('$address', ({ address, script }) => {
    const network = address.toLowerCase().startsWith('bc') ? 'bitcoin' : 'testnet'
    const read = scriptFromAddress(address, network)
    expect(read.ok && toHex(read.value)).toBe(script)
    expect(addressFromScript(fromHex(script), network)).toBe(address.toLowerCase())
    expect(scriptFromAddress(address, 'regtest').ok).toBe(false)
  })

  it.each(vectors.invalid)('$address: $why', ({ address }) => {
    for (const network of NETWORKS) {
      expect(scriptFromAddress(address, network)).toMatchObject({ ok: false, error: { code: 'invalid' } })
    }
  })
})

describe('base58check', () => {
  // The first block's address, a well-known vanity address, and the coinbase addresses of BOLT 3 appendices B and G.
  it.each<[Network, string, Uint8Array]>([
    ['bitcoin', '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa', p2pkhScript(fromHex('62e907b15cbf27d5425399ebf6f0fb50ebb88f18'))],
    ['bitcoin', '3P14159f73E4gFr7JterCCQh9QjiTjiZrG', p2shScript(fromHex('e9c3dd0c07aac76179ebc76a6c78d4d67c6c160a'))],
    ['regtest', 'mm3aPLSv9fBrbS68JzurAMp4xGoddJ6pSf', p2pkhScript(fromHex('3ca33c2e4446f4a305f23c80df8ad1afdcf652f9'))],
    ['regtest', '2MtpN8zCxTp8AWSg7VBjBX7vU6x73bVCKP8', p2shScript(fromHex('113ca7e584fe1575b6fc39abae991529f66eda58'))],
  ])('%s %s', (network, address, script) => {
    expect(addressFromScript(script, network)).toBe(address)
    expect(scriptFromAddress(address, network)).toEqual({ ok: true, value: script })
    const other = network === 'bitcoin' ? 'regtest' : 'bitcoin'
    expect(scriptFromAddress(address, other)).toMatchObject({ ok: false, error: { code: 'invalid' } })
    const last = address.endsWith('B') ? 'C' : 'B'
    expect(scriptFromAddress(address.slice(0, -1) + last, network)).toMatchObject({ ok: false })
  })

  it.each(['', '1', 'bcrt1', '0', 'not an address', '1111111111111111111114oLvT2x', 'x'.repeat(10_000)])(
    'refuses "%s"',
    text => {
      expect(scriptFromAddress(text, 'regtest').ok).toBe(false)
    },
  )
})

describe('every address', () => {
  const hash20 = fc.uint8Array({ minLength: 20, maxLength: 20 })
  const hash32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const witness = fc.tuple(fc.integer({ min: 1, max: 16 }), fc.uint8Array({ minLength: 2, maxLength: 40 }))
  const script = fc.oneof(
    hash20.map(p2pkhScript),
    hash20.map(p2shScript),
    hash20.map(p2wpkhScriptFromHash),
    hash32.map(p2trScript),
    hash32.map(program => witnessProgramScript({ version: 0, program })),
    witness.map(([version, program]) => witnessProgramScript({ version, program })),
  )

  it('leads back to its script, on its own network', () => {
    fc.assert(
      fc.property(script, fc.constantFrom(...NETWORKS), (bytes, network) => {
        const address = addressFromScript(bytes, network)
        expect(address).toBeDefined()
        expect(scriptFromAddress(address ?? '', network)).toEqual({ ok: true, value: bytes })
      }),
    )
  })

  it('is the one that another implementation gives it', () => {
    const known = fc.oneof(hash20.map(p2pkhScript), hash20.map(p2shScript), hash20.map(p2wpkhScriptFromHash))
    fc.assert(
      fc.property(known, bytes => {
        const decoded = OutScript.decode(bytes)
        expect(addressFromScript(bytes, 'bitcoin')).toBe(Address(NETWORK).encode(decoded))
        expect(addressFromScript(bytes, 'signet')).toBe(Address(TEST_NETWORK).encode(decoded))
      }),
    )
  })

  it('there is none for OP_RETURN, a bare script, or a version 0 program of another length', () => {
    expect(addressFromScript(scriptOf(OP.OP_RETURN, new Uint8Array(20)), 'bitcoin')).toBeUndefined()
    expect(addressFromScript(scriptOf(new Uint8Array(33), OP.OP_CHECKSIG), 'bitcoin')).toBeUndefined()
    expect(addressFromScript(Uint8Array.of(0, 3, 1, 2, 3), 'bitcoin')).toBeUndefined()
  })
})
