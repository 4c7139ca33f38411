import { sat, type Txid, toHex } from '../../base/index.ts'
import { addressFromScript, encodeTx, type Tx, type TxIn, type TxOut } from '../../bitcoin/index.ts'
import { isCoinbase } from '../coinbase.ts'
import { scriptKind } from '../script.ts'
import { txFacts } from '../txFacts.ts'
import type { KnownTransaction } from '../types.ts'
import { asmOf } from './asm.ts'
import { descriptorOf } from './descriptor.ts'
import { btc, type Json } from './json.ts'

// Transactions in the shape of Core's `TxToUniv`.

/** Finds the transaction that an input spends from, where it is known. */
export type SourceOf = (txid: Txid) => KnownTransaction | undefined

export interface TxDetail {
  /** Fees are told where all sources are known. */
  readonly sourceOf?: SourceOf
  /** Each input says what it spends. */
  readonly prevouts?: boolean
  readonly hex?: boolean
}

type JsonObject = Readonly<Record<string, Json | undefined>>

export function txView(tx: Tx, { sourceOf, prevouts = false, hex = true }: TxDetail = {}): JsonObject {
  const { txid, wtxid, weight } = txFacts(tx)
  const bytes = encodeTx(tx)
  const coinbase = isCoinbase(tx)
  const feeSat = coinbase || sourceOf === undefined ? undefined : feeOf(tx, sourceOf)
  return {
    txid,
    hash: wtxid,
    version: tx.version >>> 0,
    size: bytes.length,
    vsize: Math.ceil(weight / 4),
    weight,
    locktime: tx.locktime,
    vin: tx.inputs.map(input =>
      coinbase ? coinbaseInputView(input) : inputView(input, prevouts ? sourceOf?.(input.outpoint.txid) : undefined),
    ),
    vout: tx.outputs.map((output, n) => ({
      value: btc(output.amountSat),
      n,
      scriptPubKey: scriptView(output.script),
    })),
    fee: feeSat === undefined ? undefined : btc(feeSat),
    hex: hex ? toHex(bytes) : undefined,
  }
}

/** What a transaction leaves to the miner; `undefined` where a source is not known. */
export function feeOf(tx: Tx, sourceOf: SourceOf): bigint | undefined {
  let left = 0n
  for (const { outpoint } of tx.inputs) {
    const spent = sourceOf(outpoint.txid)?.tx.outputs[outpoint.vout]
    if (spent === undefined) return undefined
    left += spent.amountSat
  }
  return tx.outputs.reduce((rest, output) => rest - output.amountSat, left)
}

/** Core's `ScriptToUniv`. */
export function scriptView(script: Uint8Array): JsonObject {
  const kind = scriptKind(script)
  return {
    asm: asmOf(script),
    desc: descriptorOf(script, kind),
    hex: toHex(script),
    address: addressFromScript(script, 'regtest'),
    type: kind,
  }
}

function coinbaseInputView({ scriptSig, witness, sequence }: TxIn): JsonObject {
  return { coinbase: toHex(scriptSig), txinwitness: witnessView(witness), sequence }
}

function inputView({ outpoint, scriptSig, witness, sequence }: TxIn, source: KnownTransaction | undefined): JsonObject {
  return {
    txid: outpoint.txid,
    vout: outpoint.vout,
    scriptSig: { asm: asmOf(scriptSig, { signatures: true }), hex: toHex(scriptSig) },
    txinwitness: witnessView(witness),
    prevout: source && prevoutView(source, source.tx.outputs[outpoint.vout]),
    sequence,
  }
}

function witnessView(witness: readonly Uint8Array[]): readonly string[] | undefined {
  return witness.length === 0 ? undefined : witness.map(toHex)
}

function prevoutView(source: KnownTransaction, output: TxOut | undefined): JsonObject {
  const { amountSat, script } = output ?? { amountSat: sat(0), script: new Uint8Array(0) }
  return {
    generated: isCoinbase(source.tx),
    height: source.height,
    value: btc(amountSat),
    scriptPubKey: scriptView(script),
  }
}
