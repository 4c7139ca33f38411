import { describe, expect, it } from 'vitest'
import { feeratePerKw, fromHex, sat, type Txid, toHex } from '../../src/base/index.ts'
import {
  addressFromScript,
  decodeTx,
  encodeTx,
  encodeTxWithoutWitness,
  p2wpkhScript,
  p2wshScript,
  scriptFromAddress,
  signP2wpkhInput,
  type Tx,
  txid,
  txWeight,
  withWitness,
  witnessWeight,
} from '../../src/bitcoin/index.ts'
import { commitmentFeeSat, fundingScript, fundingWitnessScript } from '../../src/commitment/index.ts'
import dualFunded from './bolt03-dual-funded.vectors.json' with { type: 'json' }
import funding from './bolt03-funding.vectors.json' with { type: 'json' }

function decoded(hex: string): Tx {
  const tx = decodeTx(fromHex(hex))
  if (!tx.ok) throw new Error(tx.error.message)
  return tx.value
}

describe.each(funding.cases)('BOLT 3 appendix B: $name', vector => {
  const local = fromHex(vector.localFundingPubkey)
  const remote = fromHex(vector.remoteFundingPubkey)
  const tx = decoded(vector.fundingTx)

  it('funding script, whichever key comes first', () => {
    expect(toHex(fundingWitnessScript(local, remote))).toBe(vector.fundingWitnessScript)
    expect(toHex(fundingWitnessScript(remote, local))).toBe(vector.fundingWitnessScript)
    expect(fundingScript(remote, local)).toEqual(p2wshScript(fromHex(vector.fundingWitnessScript)))
  })

  it('funding transaction', () => {
    expect(txid(tx)).toBe(vector.fundingTxid)
    expect(tx.outputs[vector.fundingOutputIndex]).toEqual({
      amountSat: BigInt(vector.fundingAmountSat),
      script: fundingScript(local, remote),
    })
    expect(tx.outputs[1 - vector.fundingOutputIndex]?.amountSat).toBe(BigInt(vector.changeAmountSat))
    expect(tx.inputs[0]?.outpoint).toEqual({ txid: vector.inputTxid, vout: vector.inputIndex })
    expect(txid(decoded(vector.coinbaseTx))).toBe(vector.inputTxid)
    expect(toHex(encodeTx(tx))).toBe(vector.fundingTx)
    expect(toHex(decoded(vector.coinbaseTx).outputs[0]?.script ?? new Uint8Array())).toBe(
      toHex(scriptOf(vector.coinbaseAddress)),
    )
  })
})

describe.each(dualFunded.cases)('BOLT 3 appendix G: $name', vector => {
  const parent = decoded(vector.parentTx)
  const unsigned: Tx = {
    version: 2,
    // In the order of their serial ids, which both sides sort by (BOLT 2, interactive transaction construction).
    inputs: [...vector.txAddInput].sort(bySerialId).map(({ prevTxVout, sequence }) => ({
      outpoint: { txid: txid(parent), vout: prevTxVout },
      scriptSig: new Uint8Array(0),
      sequence,
      witness: [],
    })),
    outputs: [...vector.txAddOutput]
      .sort(bySerialId)
      .map(({ amountSat, scriptPubkey }) => ({ amountSat: sat(BigInt(amountSat)), script: fromHex(scriptPubkey) })),
    locktime: vector.locktime,
  }

  it('scripts and addresses', () => {
    expect(txid(parent)).toBe(vector.parentTxid as Txid)
    for (const { scriptPubkey, address } of [...vector.inputs, ...vector.outputs]) {
      expect(addressFromScript(fromHex(scriptPubkey), 'regtest')).toBe(address)
      expect(toHex(scriptOf(address))).toBe(scriptPubkey)
    }
    const output = vector.outputs.find(({ kind }) => kind === 'funding')
    const [a, b] = [fromHex(output?.pubkey1 ?? ''), fromHex(output?.pubkey2 ?? '')]
    expect(toHex(fundingWitnessScript(b, a))).toBe(output?.witnessScript)
    expect(toHex(fundingScript(a, b))).toBe(output?.scriptPubkey)
    expect(toHex(p2wpkhScript(fromHex(vector.inputs[1]?.pubkey ?? '')))).toBe(vector.inputs[1]?.scriptPubkey)
  })

  it('unsigned transaction', () => {
    expect(toHex(encodeTxWithoutWitness(unsigned))).toBe(vector.unsignedTx)
    expect(toHex(encodeTx(unsigned))).toBe(vector.unsignedTx)
    expect(vector.txSignatures.map(signatures => signatures.txid)).toEqual([txid(unsigned), txid(unsigned)])
  })

  it('signed by the accepter to the byte, and complete with the witness of the opener', () => {
    const secret = fromHex(wifSecret(vector.inputs[1]?.privateKeyWif ?? ''))
    const amountSat = parent.outputs[vector.inputs[1]?.vout ?? 0]?.amountSat ?? sat(0)
    const half = signP2wpkhInput(unsigned, 0, amountSat, secret)
    const witness = (vector.inputs[0]?.witnessStack ?? []).map(item => fromHex(item))
    const signed = withWitness(half, 1, witness)
    expect(toHex(encodeTx(signed))).toBe(vector.signedTx)
    expect(txid(signed)).toBe(txid(unsigned))
    const lengths = [signed.inputs[1], signed.inputs[0]].map(input => witnessWeight(input?.witness ?? []))
    expect(lengths).toEqual(vector.txSignatures.map(({ witnesses }) => witnesses[0]?.length))
    expect(txWeight(signed)).toBe(4 * encodeTxWithoutWitness(signed).length + 2 + 74 + 107)
  })

  it('fees, rounded up, of the weights that each side answers for', () => {
    for (const { weight, feeSat } of vector.fees) {
      expect(Math.ceil((weight * vector.feeratePerKw) / 1000)).toBe(Number(feeSat))
    }
    // Commitment fees are rounded down instead (BOLT 3, fee calculation).
    expect(commitmentFeeSat('static_remotekey', feeratePerKw(vector.feeratePerKw), 0)).toBe(183n)
  })
})

function bySerialId(a: { readonly serialId: string }, b: { readonly serialId: string }): number {
  return Number(a.serialId) - Number(b.serialId)
}

function scriptOf(address: string): Uint8Array {
  const script = scriptFromAddress(address, 'regtest')
  if (!script.ok) throw new Error(script.error.message)
  return script.value
}

/** The 32 bytes of a private key in wallet import format, as hex. */
function wifSecret(wif: string): string {
  const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
  const value = [...wif].reduce((sum, char) => sum * 58n + BigInt(alphabet.indexOf(char)), 0n)
  return value.toString(16).slice(2, 66)
}
