import { Transaction } from '@scure/btc-signer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, sat, type Txid, toHex } from '../../src/base/index.ts'
import {
  decodeTx,
  encodeTx,
  p2wpkhScript,
  p2wpkhScriptCode,
  SIGHASH_ALL,
  SIGHASH_ANYONECANPAY,
  SIGHASH_NONE,
  SIGHASH_SINGLE,
  segwitV0Sighash,
  signP2wpkhInput,
  type Tx,
  withWitness,
  witnessSignature,
} from '../../src/bitcoin/index.ts'
import { publicKeyFromSecret, signEcdsa } from '../../src/crypto/index.ts'
import { judgeInput } from '../../src/regtest/index.ts'
import { txArbitrary } from './arbitraries.ts'
import vectors from './bip143.vectors.json' with { type: 'json' }

describe('BIP 143 examples', () => {
  it.each(vectors.cases)('$name', vector => {
    const tx = decoded(vector.unsignedTx)
    const digest = segwitV0Sighash({
      tx,
      inputIndex: vector.inputIndex,
      scriptCode: fromHex(vector.scriptCode),
      amountSat: sat(BigInt(vector.amountSat)),
      sighashType: vector.sighashType,
    })
    expect(toHex(digest)).toBe(vector.sighash)
    const signature = witnessSignature(signEcdsa(digest, fromHex(vector.privateKey)), vector.sighashType)
    expect(toHex(signature)).toBe(vector.signature)
  })

  it('signs the P2WPKH input of the first example to the byte', () => {
    const [vector] = vectors.cases
    if (vector === undefined) throw new Error('no example')
    const secret = fromHex(vector.privateKey)
    const signed = signP2wpkhInput(decoded(vector.unsignedTx), vector.inputIndex, sat(BigInt(vector.amountSat)), secret)
    const pubkey = publicKeyFromSecret(secret)
    expect(signed.inputs[vector.inputIndex]?.witness.map(toHex)).toEqual([vector.signature, toHex(pubkey)])
    expect(toHex(p2wpkhScriptCode(pubkey))).toBe(vector.scriptCode)
  })
})

describe('BIP 143 against another implementation', () => {
  const modes = [SIGHASH_ALL, SIGHASH_NONE, SIGHASH_SINGLE].flatMap(mode => [mode, mode | SIGHASH_ANYONECANPAY])

  it('hashes every input alike, in every mode', () => {
    fc.assert(
      fc.property(
        txArbitrary,
        fc.uint8Array({ maxLength: 300 }),
        fc.bigInt(0n, 2n ** 50n),
        (tx, scriptCode, amount) => {
          const unsigned: Tx = {
            ...tx,
            inputs: tx.inputs.map(input => ({ ...input, scriptSig: new Uint8Array(0), witness: [] })),
          }
          const other = Transaction.fromRaw(encodeTx(unsigned), {
            allowUnknownInputs: true,
            allowUnknownOutputs: true,
            disableScriptCheck: true,
            allowUnknownVersion: true,
          })
          for (const [inputIndex] of tx.inputs.entries()) {
            for (const sighashType of modes) {
              const ours = segwitV0Sighash({
                tx: unsigned,
                inputIndex,
                scriptCode,
                amountSat: sat(amount),
                sighashType,
              })
              const theirs = other.preimageWitnessV0(inputIndex, scriptCode, sighashType, amount)
              expect(toHex(ours)).toBe(toHex(theirs))
            }
          }
        },
      ),
      { numRuns: 50 },
    )
  })
})

describe('what a signature covers', () => {
  const secret = new Uint8Array(32).fill(5)
  const prevouts = [sat(10_000), sat(20_000)].map(amountSat => ({
    amountSat,
    script: p2wpkhScript(publicKeyFromSecret(secret)),
  }))
  const tx: Tx = {
    version: 2,
    inputs: [0, 1].map(vout => ({
      outpoint: { txid: 'ab'.repeat(32) as Txid, vout },
      scriptSig: new Uint8Array(0),
      sequence: 0xfffffffd,
      witness: [],
    })),
    outputs: [{ amountSat: sat(29_000), script: p2wpkhScript(publicKeyFromSecret(secret)) }],
    locktime: 0,
  }

  it('signed P2WPKH inputs pass an independent interpreter', () => {
    const signed = signP2wpkhInput(signP2wpkhInput(tx, 0, sat(10_000), secret), 1, sat(20_000), secret)
    for (const inputIndex of [0, 1]) expect(judgeInput({ tx: signed, inputIndex, prevouts }).ok).toBe(true)
  })

  it('a wrong amount, a wrong key or a changed output does not', () => {
    const good = (signed: Tx) => judgeInput({ tx: signed, inputIndex: 0, prevouts }).ok
    expect(good(signP2wpkhInput(tx, 0, sat(10_001), secret))).toBe(false)
    expect(good(signP2wpkhInput(tx, 0, sat(10_000), new Uint8Array(32).fill(6)))).toBe(false)
    const signed = signP2wpkhInput(tx, 0, sat(10_000), secret)
    expect(good({ ...signed, outputs: [{ amountSat: sat(28_999), script: new Uint8Array(22) }] })).toBe(false)
  })

  it('asks only for inputs that are there, and for types that exist', () => {
    const spend = { tx, inputIndex: 0, scriptCode: new Uint8Array(0), amountSat: sat(1), sighashType: SIGHASH_ALL }
    expect(() => segwitV0Sighash({ ...spend, inputIndex: 2 })).toThrow('bug')
    for (const sighashType of [0, 4, 0x80, 0x1f]) {
      expect(() => segwitV0Sighash({ ...spend, sighashType })).toThrow('bug')
    }
    expect(() => withWitness(tx, 2, [])).toThrow('bug')
  })
})

function decoded(hex: string): Tx {
  const tx = decodeTx(fromHex(hex))
  if (!tx.ok) throw new Error(tx.error.message)
  return tx.value
}
