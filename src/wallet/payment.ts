import { defined, err, type FeeratePerKw, ok, type Result, type Sat, toHex } from '../base/index.ts'
import { compareOutputs, signP2wpkhInput, type Tx, type TxOut } from '../bitcoin/index.ts'
import { freeCoins } from './coins.ts'
import { deriveAddressKey, type WalletKeys } from './keys.ts'
import { reserveSat } from './limits.ts'
import { selectAll, selectCoins } from './selection.ts'
import type { Coin, WalletContext, WalletFailure, WalletState } from './types.ts'

/** A payment before it is signed: which coins, which outputs. The sum of the coins is the sum of the outputs and the fee. */
export interface PaymentPlan {
  /** In the order of BIP 69. */
  readonly coins: readonly Coin[]
  /** In the order of BIP 69, so that it does not show which one is the change. */
  readonly outputs: readonly TxOut[]
  readonly changeSat?: Sat
  readonly feeSat: Sat
  readonly locktime: number
}

export interface PaymentRequest {
  readonly script: Uint8Array
  readonly amountSat: Sat | 'all'
  readonly feeratePerKw: FeeratePerKw
}

/** Signals that the transaction may be replaced (BIP 125), and lets the locktime count. */
const REPLACEABLE_SEQUENCE = 0xffff_fffd

/** Which coins would pay this, with which fee and change. Nothing is locked or signed yet. */
export function planPayment(
  state: WalletState,
  request: PaymentRequest,
  context: WalletContext,
): Result<PaymentPlan, WalletFailure> {
  const { keys, limits } = context
  const { script, amountSat, feeratePerKw } = request
  const changeScript = freshChangeScript(state, { keys, limits })
  const keepSat = reserveSat(context.channels, limits)
  const coins = freeCoins(state, { limits })
  const terms = { changeScript, feeratePerKw, keepSat, limits }
  const selected =
    amountSat === 'all' ? selectAll(coins, script, terms) : selectCoins(coins, { amountSat, script }, terms)
  if (!selected.ok) return err(selected.error)
  const { outputs, changeSat, feeSat } = selected.value
  const change = changeSat === undefined ? [] : [{ amountSat: changeSat, script: changeScript }]
  return ok({
    coins: selected.value.coins.toSorted(compareCoins),
    outputs: [...outputs, ...change].sort(compareOutputs),
    ...(changeSat !== undefined && { changeSat }),
    feeSat,
    // A miner gains nothing by taking this one in place of an older block's fees: it is not valid there (fee sniping).
    locktime: state.height ?? 0,
  })
}

/** The plan as a signed transaction of version 2. Cost: for each coin a derivation and a signature. */
export function signPayment(plan: PaymentPlan, keys: WalletKeys): Tx {
  const unsigned: Tx = {
    version: 2,
    inputs: plan.coins.map(({ outpoint }) => ({
      outpoint,
      scriptSig: new Uint8Array(0),
      sequence: REPLACEABLE_SEQUENCE,
      witness: [],
    })),
    outputs: plan.outputs,
    locktime: plan.locktime,
  }
  // Each over the same unsigned transaction, whose hashes are computed once: a witness is no part of what is signed.
  const inputs = plan.coins.map(({ amountSat, path }, index) => {
    const signed = signP2wpkhInput(unsigned, index, amountSat, deriveAddressKey(keys, path).secret)
    return defined(signed.inputs[index], 'signing keeps the inputs')
  })
  return { ...unsigned, inputs }
}

/**
 * A change script that no transaction of ours pays to yet. Within the gap always, where a restored wallet looks: so if that
 * many are held back, the first one is used twice.
 */
export function freshChangeScript(state: WalletState, { keys, limits }: Pick<WalletContext, 'keys' | 'limits'>) {
  const outputs = [...state.transactions.values()].flatMap(({ tx }) => tx.outputs)
  const taken = new Set(outputs.map(({ script }) => toHex(script)))
  const first = state.indexes.changeUsed
  const scriptAt = (index: number) => deriveAddressKey(keys, { branch: 'change', index }).script
  for (let index = first; index < first + limits.addressGap; index++) {
    const script = scriptAt(index)
    if (!taken.has(toHex(script))) return script
  }
  return scriptAt(first)
}

function compareCoins(a: Coin, b: Coin): number {
  if (a.outpoint.txid !== b.outpoint.txid) return a.outpoint.txid < b.outpoint.txid ? -1 : 1
  return a.outpoint.vout - b.outpoint.vout
}
