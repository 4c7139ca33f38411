import { add, type OutPoint, type Sat, sat, type Txid } from '../base/index.ts'
import { p2wpkhScript, signP2wpkhInput, type Tx, type TxOut } from '../bitcoin/index.ts'
import { publicKeyFromSecret } from '../crypto/index.ts'
import { SEQUENCE_FINAL } from './params.ts'

// The chain's own miner gives coins away, so that a test or a demonstration starts with money.

/** Coins of the miner that could be spent now. */
export interface SpendableCoin {
  readonly outpoint: OutPoint
  readonly amountSat: Sat
}

export interface Funding {
  readonly txid: Txid
  readonly outpoint: OutPoint
  readonly output: TxOut
  readonly tx: Tx
}

/** What the faucet pays for its transactions, in sat per virtual byte. */
const FAUCET_FEERATE = 5n
const OVERHEAD_VSIZE = 11n
const P2WPKH_INPUT_VSIZE = 69n
const P2WPKH_OUTPUT_VSIZE = 31n
/** Change below this is left to the miner of the block. */
const SMALLEST_CHANGE_SAT = 1000n
/** So that a payment stays within the standard size of a transaction. */
export const MAX_FAUCET_INPUTS = 500

export function minerScript(secret: Uint8Array): Uint8Array {
  return p2wpkhScript(publicKeyFromSecret(secret))
}

/** A signed payment of exactly `output` as its output 0; `undefined` where the coins do not reach. */
export function buildPayment(output: TxOut, coins: readonly SpendableCoin[], secret: Uint8Array): Tx | undefined {
  const own = minerScript(secret)
  const chosen: SpendableCoin[] = []
  let held = sat(0)
  for (const coin of coins.slice(0, MAX_FAUCET_INPUTS)) {
    chosen.push(coin)
    held = add(held, coin.amountSat)
    const fee = feeFor(chosen.length, output.script.length)
    if (held < output.amountSat + fee) continue
    const changeSat = held - output.amountSat - fee
    const change = changeSat >= SMALLEST_CHANGE_SAT ? [{ amountSat: sat(changeSat), script: own }] : []
    return sign({ outputs: [output, ...change], coins: chosen, secret })
  }
  return undefined
}

function feeFor(inputs: number, scriptLength: number): bigint {
  const outputs = 9n + BigInt(scriptLength) + P2WPKH_OUTPUT_VSIZE
  return FAUCET_FEERATE * (OVERHEAD_VSIZE + P2WPKH_INPUT_VSIZE * BigInt(inputs) + outputs)
}

function sign(payment: {
  readonly outputs: readonly TxOut[]
  readonly coins: readonly SpendableCoin[]
  readonly secret: Uint8Array
}): Tx {
  const unsigned: Tx = {
    version: 2,
    inputs: payment.coins.map(({ outpoint }) => ({
      outpoint,
      scriptSig: new Uint8Array(0),
      sequence: SEQUENCE_FINAL - 2,
      witness: [],
    })),
    outputs: payment.outputs,
    locktime: 0,
  }
  // Signed one after the other over the same unsigned transaction: a witness is no part of what a signature covers.
  const inputs = payment.coins.map((coin, index) => {
    const signed = signP2wpkhInput(unsigned, index, coin.amountSat, payment.secret)
    return { ...unsigned.inputs[index], ...signed.inputs[index] } as Tx['inputs'][number]
  })
  return { ...unsigned, inputs }
}
