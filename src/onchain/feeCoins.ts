import { outPointKey, type Sat, sat } from '../base/index.ts'
import { dustLimitSat, p2wpkhScript, signP2wpkhInput, type Tx } from '../bitcoin/index.ts'
import type { Bid } from './bids.ts'
import { REPLACEABLE_SEQUENCE } from './spendPaths.ts'
import type { Claim, FeeCoin } from './types.ts'

// Coins of the wallet that pay for transactions which cannot pay for themselves: HTLC transactions without a fee, and children of
// commitments.

/** The wallet coins that pay for a transaction, and what is left of them. */
export interface FeePlan {
  readonly coins: readonly FeeCoin[]
  /** `undefined`: the rest would be dust, and goes to the fee. */
  readonly changeSat: Sat | undefined
}

/** What is chosen for, besides the coins themselves. */
export interface CoinChoice {
  readonly fee: Bid
  readonly changeScript: Uint8Array
  /** Of the signed transaction with these coins and change. */
  readonly weightOf: (plan: FeePlan) => number
  /** What the transaction brings to its fee without any coin, in satoshis. */
  readonly ownSat?: bigint
  /** Where it has no other output. */
  readonly needsChange?: boolean
}

/** The smallest coin that is enough by itself, else the largest ones together. Cost: one weighing for each coin. */
export function chooseCoins(coins: readonly FeeCoin[], choice: CoinChoice): FeePlan | undefined {
  const ascending = coins.toSorted(compareCoins)
  for (const coin of ascending) {
    const plan = planFor([coin], choice)
    if (plan !== undefined) return plan
  }
  const chosen: FeeCoin[] = []
  for (const coin of ascending.toReversed()) {
    chosen.push(coin)
    const plan = planFor(chosen.slice(), choice)
    if (plan !== undefined) return plan
  }
  return undefined
}

function compareCoins(a: FeeCoin, b: FeeCoin): number {
  if (a.amountSat !== b.amountSat) return a.amountSat < b.amountSat ? -1 : 1
  return outPointKey(a.outpoint) < outPointKey(b.outpoint) ? -1 : 1
}

function planFor(
  coins: readonly FeeCoin[],
  { fee, changeScript, weightOf, ownSat = 0n, needsChange = false }: CoinChoice,
): FeePlan | undefined {
  const held = coins.reduce((sum, coin) => sum + coin.amountSat, ownSat)
  const withChange = fee(weightOf({ coins, changeSat: sat(0) }))
  if (held - withChange >= dustLimitSat(changeScript)) return { coins, changeSat: sat(held - withChange) }
  if (needsChange) return undefined
  const without = fee(weightOf({ coins, changeSat: undefined }))
  return held >= without ? { coins, changeSat: undefined } : undefined
}

/** What is there stays first: the peer's signature binds an HTLC's input and output to one place (SIGHASH_SINGLE). */
export function withCoins(tx: Tx, { coins, changeSat }: FeePlan, changeScript: Uint8Array): Tx {
  const added = coins.map(({ outpoint }) => ({
    outpoint,
    scriptSig: new Uint8Array(0),
    sequence: REPLACEABLE_SEQUENCE,
    witness: [],
  }))
  const change = changeSat === undefined ? [] : [{ amountSat: changeSat, script: changeScript }]
  return { ...tx, inputs: [...tx.inputs, ...added], outputs: [...tx.outputs, ...change] }
}

/** The coins' inputs come last, and are signed when all else stands. */
export function withSignedCoins(tx: Tx, coins: readonly FeeCoin[]): Tx {
  const first = tx.inputs.length - coins.length
  return coins.reduce((done, coin, index) => signP2wpkhInput(done, first + index, coin.amountSat, coin.secret), tx)
}

export function spentCoins(coins: readonly FeeCoin[]): Claim['feeCoins'] {
  return coins.map(({ outpoint, publicKey }) => ({ outpoint, script: p2wpkhScript(publicKey) }))
}
