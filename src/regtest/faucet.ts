import { add, bytesEqual, type OutPoint, outPointKey, type Sat, sat, type Txid } from '../base/index.ts'
import { p2wpkhScript, signP2wpkhInput, type Tx, type TxOut } from '../bitcoin/index.ts'
import { publicKeyFromSecret } from '../crypto/index.ts'
import type { MempoolContext } from './mempool/workspace.ts'
import { COINBASE_MATURITY, SEQUENCE_FINAL } from './params.ts'

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
const MAX_FAUCET_INPUTS = 500

export function minerScript(secret: Uint8Array): Uint8Array {
  return p2wpkhScript(publicKeyFromSecret(secret))
}

/**
 * What `script` holds that can go into the next block and is not spent by a waiting transaction: oldest first, and in a
 * fixed order, so that a restored chain pays with the same coins.
 */
export function spendableCoins({ ledger, pool }: MempoolContext, script: Uint8Array): readonly SpendableCoin[] {
  const nextHeight = ledger.tip.height + 1
  const found: (SpendableCoin & { readonly height: number })[] = []
  for (const [key, { amountSat, script: held, height, coinbase }] of ledger.coins()) {
    if (coinbase && nextHeight - height < COINBASE_MATURITY) continue
    if (bytesEqual(held, script)) found.push({ outpoint: outPointOf(key), amountSat, height })
  }
  return found
    .filter(({ outpoint }) => pool.spender(outpoint) === undefined)
    .sort((a, b) => a.height - b.height || (outPointKey(a.outpoint) < outPointKey(b.outpoint) ? -1 : 1))
}

/** Back from `outPointKey`, which makes all keys of coins. */
function outPointOf(key: string): OutPoint {
  return { txid: key.slice(0, 64) as Txid, vout: Number(key.slice(65)) }
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
  // Each over the same unsigned transaction, whose hashes are computed once: a witness is no part of what is signed.
  const inputs = unsigned.inputs.map((input, index) => {
    const amountSat = payment.coins[index]?.amountSat ?? sat(0)
    return signP2wpkhInput(unsigned, index, amountSat, payment.secret).inputs[index] ?? input
  })
  return { ...unsigned, inputs }
}
