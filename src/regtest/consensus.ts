import { defined, MAX_MONEY_SAT, ok, outPointKey, type Result, type Sat, sat } from '../base/index.ts'
import { encodeTxWithoutWitness, type Tx } from '../bitcoin/index.ts'
import { isCoinbase } from './coinbase.ts'
import { NULL_OUTPOINT } from './genesis.ts'
import { COINBASE_MATURITY, MAX_BLOCK_WEIGHT, WITNESS_SCALE_FACTOR } from './params.ts'
import { type Reject, reject } from './reject.ts'
import { countSigops, isPushOnly, isScriptHash, pushedStack, witnessProgram } from './script.ts'
import type { Coin, CoinView } from './utxo.ts'

// What is asked of every transaction, in a block or on its way into one.

/** Rules that need nothing but the transaction (Core's CheckTransaction). */
export function checkTransaction(tx: Tx): Result<true, Reject> {
  if (tx.inputs.length === 0) return reject('bad-txns-vin-empty', 'expected at least one input')
  if (tx.outputs.length === 0) return reject('bad-txns-vout-empty', 'expected at least one output')
  const size = encodeTxWithoutWitness(tx).length
  if (size * WITNESS_SCALE_FACTOR > MAX_BLOCK_WEIGHT) {
    return reject('bad-txns-oversize', `${size} bytes without witnesses do not fit into any block`)
  }
  let total = 0n
  for (const [vout, { amountSat }] of tx.outputs.entries()) {
    if (amountSat < 0n) return reject('bad-txns-vout-negative', `output ${vout} has ${amountSat} sat`)
    if (amountSat > MAX_MONEY_SAT) return reject('bad-txns-vout-toolarge', `output ${vout} has ${amountSat} sat`)
    total += amountSat
    if (total > MAX_MONEY_SAT) {
      return reject('bad-txns-txouttotal-toolarge', `the outputs sum to more than ${MAX_MONEY_SAT} sat`)
    }
  }
  const spent = new Set(tx.inputs.map(input => outPointKey(input.outpoint)))
  if (spent.size < tx.inputs.length) return reject('bad-txns-inputs-duplicate', 'two inputs spend the same output')
  return isCoinbase(tx) ? checkCoinbaseScript(tx) : checkPrevouts(tx)
}

function checkCoinbaseScript(tx: Tx): Result<true, Reject> {
  const length = tx.inputs[0]?.scriptSig.length ?? 0
  if (length >= 2 && length <= 100) return ok(true)
  return reject('bad-cb-length', `expected 2 to 100 bytes of coinbase script, got ${length}`)
}

function checkPrevouts(tx: Tx): Result<true, Reject> {
  const nulled = tx.inputs.findIndex(
    ({ outpoint }) => outpoint.txid === NULL_OUTPOINT.txid && outpoint.vout === NULL_OUTPOINT.vout,
  )
  if (nulled < 0) return ok(true)
  return reject('bad-txns-prevout-null', `input ${nulled} spends nothing, which only a coinbase may`)
}

export interface InputFacts {
  /** The outputs spent, in the order of the inputs. */
  readonly coins: readonly Coin[]
  readonly feeSat: Sat
}

/** Rules on what a transaction (no coinbase) spends, for a block at `height` (Core's CheckTxInputs). */
export function checkInputs(tx: Tx, view: CoinView, height: number): Result<InputFacts, Reject> {
  const coins: Coin[] = []
  let available = 0n
  for (const [index, { outpoint }] of tx.inputs.entries()) {
    const key = outPointKey(outpoint)
    const coin = view.get(key)
    if (coin === undefined) {
      return reject('bad-txns-inputs-missingorspent', `input ${index} spends ${key}, which is unknown or spent`)
    }
    if (coin.coinbase && height - coin.height < COINBASE_MATURITY) {
      const depth = height - coin.height
      return reject(
        'bad-txns-premature-spend-of-coinbase',
        `input ${index} spends a coinbase at depth ${depth}, expected ${COINBASE_MATURITY}`,
      )
    }
    coins.push(coin)
    available += coin.amountSat
  }
  const paid = tx.outputs.reduce((sum, output) => sum + output.amountSat, 0n)
  if (paid > available) {
    return reject('bad-txns-in-belowout', `the inputs hold ${available} sat, the outputs ${paid} sat`)
  }
  return ok({ coins, feeSat: sat(available - paid) })
}

/** Cost of the signature operations of a transaction: those outside witnesses count four times (BIP 141). */
export function sigopsCost(tx: Tx, coins: readonly Coin[]): number {
  let legacy = 0
  for (const input of tx.inputs) legacy += countSigops(input.scriptSig, false)
  for (const output of tx.outputs) legacy += countSigops(output.script, false)
  let cost = legacy * WITNESS_SCALE_FACTOR
  if (isCoinbase(tx)) return cost
  for (const [index, input] of tx.inputs.entries()) {
    const coin = defined(coins[index], `no coin for input ${index}`)
    const redeem = isScriptHash(coin.script) ? redeemScript(input.scriptSig) : undefined
    if (redeem !== undefined) cost += countSigops(redeem, true) * WITNESS_SCALE_FACTOR
    cost += witnessSigops(redeem ?? coin.script, input.witness)
  }
  return cost
}

/** What a P2SH input reveals: the last push of its scriptSig. */
export function redeemScript(scriptSig: Uint8Array): Uint8Array | undefined {
  return isPushOnly(scriptSig) ? pushedStack(scriptSig)?.at(-1) : undefined
}

function witnessSigops(script: Uint8Array, witness: readonly Uint8Array[]): number {
  const program = witnessProgram(script)
  if (program?.version !== 0) return 0
  if (program.program.length === 20) return 1
  const last = witness.at(-1)
  return program.program.length === 32 && last !== undefined ? countSigops(last, true) : 0
}
