import { type OutPoint, outPointKey, type Txid } from '../base/index.ts'
import { type Tx, txid } from '../bitcoin/index.ts'
import { descendantsOf } from './ownTransactions.ts'
import type { Coin, OwnTx, SeenIn, WalletContext, WalletState } from './types.ts'
import { pathOf, withSeen } from './watched.ts'

// What blocks bring and take. All that a block said carries its height, so that a block which is taken off the chain takes
// what it said with it.

const COINBASE_TXID = '00'.repeat(32) as Txid

/** The state after the block of the next height. */
export function connectBlock(
  before: WalletState,
  block: { readonly height: number; readonly transactions: readonly Tx[] },
  context: WalletContext,
): WalletState {
  const { height } = block
  const state = withSeen(
    before,
    block.transactions.flatMap(tx => tx.outputs),
    context,
  )
  const contested = ownInputs(state.transactions)
  const concerns = (tx: Tx, coins: ReadonlyMap<string, Coin>): boolean =>
    tx.inputs.some(({ outpoint }) => coins.has(outPointKey(outpoint)) || contested.has(outPointKey(outpoint))) ||
    tx.outputs.some(output => pathOf(state.watched, output) !== undefined)
  const finalHeight = height - context.limits.finalDepth
  // Most blocks hold nothing of ours, and what follows from coins and transactions is known as long as they are the same.
  if (!block.transactions.some(tx => concerns(tx, state.coins))) return forgetFinal({ ...state, height }, finalHeight)
  const coins = new Map(state.coins)
  const transactions = new Map(state.transactions)
  for (const tx of block.transactions) {
    if (!concerns(tx, coins)) continue
    const seen: SeenIn = { txid: txid(tx), height }
    spendCoins(coins, tx, seen)
    receiveCoins(coins, tx, seen, state)
    settle(transactions, contested, tx, seen)
  }
  return forgetFinal({ ...state, height, coins, transactions }, finalHeight)
}

/** The state without the block of this height and all above it. */
export function disconnectBlock(state: WalletState, height: number): WalletState {
  if (state.height === undefined || height > state.height) return state
  const coins = new Map<string, Coin>()
  for (const [key, coin] of state.coins) {
    if (coin.height >= height) continue
    const { spent, ...unspent } = coin
    coins.set(key, spent !== undefined && spent.height >= height ? unspent : coin)
  }
  const transactions = new Map<Txid, OwnTx>()
  for (const [id, own] of state.transactions) transactions.set(id, withoutBlocks(own, height))
  // Nothing is below the first block of the chain.
  return { ...state, height: Math.max(height - 1, 0), coins, transactions }
}

function withoutBlocks(own: OwnTx, height: number): OwnTx {
  const { confirmedHeight, conflict, ...rest } = own
  if (confirmedHeight !== undefined && confirmedHeight >= height) return rest
  if (conflict !== undefined && conflict.height >= height) return rest
  return own
}

const spendersIn = new WeakMap<WalletState['transactions'], ReadonlyMap<string, readonly Txid[]>>()

/** Which of our transactions spend an outpoint: worked out once for as long as they stay as they are. */
function ownInputs(transactions: WalletState['transactions']): ReadonlyMap<string, readonly Txid[]> {
  const known = spendersIn.get(transactions)
  if (known !== undefined) return known
  const spenders = findSpenders(transactions)
  spendersIn.set(transactions, spenders)
  return spenders
}

function findSpenders(transactions: WalletState['transactions']): ReadonlyMap<string, readonly Txid[]> {
  const spenders = new Map<string, Txid[]>()
  for (const own of transactions.values()) {
    for (const { outpoint } of own.tx.inputs) {
      const key = outPointKey(outpoint)
      spenders.set(key, [...(spenders.get(key) ?? []), own.txid])
    }
  }
  return spenders
}

function spendCoins(coins: Map<string, Coin>, tx: Tx, seen: SeenIn): void {
  for (const { outpoint } of tx.inputs) {
    const key = outPointKey(outpoint)
    const coin = coins.get(key)
    if (coin !== undefined) coins.set(key, { ...coin, spent: seen })
  }
}

function receiveCoins(coins: Map<string, Coin>, tx: Tx, seen: SeenIn, state: WalletState): void {
  const coinbase = tx.inputs.some(({ outpoint }) => isCoinbase(outpoint))
  for (const [vout, output] of tx.outputs.entries()) {
    const path = pathOf(state.watched, output)
    if (path === undefined) continue
    const outpoint = { txid: seen.txid, vout }
    const coin = { outpoint, amountSat: output.amountSat, path, height: seen.height, coinbase }
    coins.set(outPointKey(outpoint), coin)
  }
}

/** Ours confirms; what wanted the same inputs is beaten. */
function settle(
  transactions: Map<Txid, OwnTx>,
  contested: ReadonlyMap<string, readonly Txid[]>,
  tx: Tx,
  seen: SeenIn,
): void {
  for (const { outpoint } of tx.inputs) {
    for (const id of contested.get(outPointKey(outpoint)) ?? []) {
      const own = transactions.get(id)
      if (own === undefined) continue
      if (id === seen.txid) transactions.set(id, { ...own, standing: 'published', confirmedHeight: seen.height })
      else if (own.conflict === undefined) transactions.set(id, { ...own, conflict: seen })
    }
  }
}

/** What is settled at this height or below is no longer needed: nothing is expected to bring it back. */
function forgetFinal(state: WalletState, finalHeight: number): WalletState {
  const spent: string[] = []
  for (const [key, coin] of state.coins) if (isAtMost(coin.spent?.height, finalHeight)) spent.push(key)
  const all = state.transactions.size === 0 ? NONE : [...state.transactions.values()]
  const confirmed = all.filter(own => isAtMost(own.confirmedHeight, finalHeight))
  const beaten = all.filter(own => isAtMost(own.conflict?.height, finalHeight))
  if (spent.length + confirmed.length + beaten.length === 0) return state
  const coins = new Map(state.coins)
  const locks = new Map(state.locks)
  const transactions = new Map(state.transactions)
  for (const key of spent) {
    coins.delete(key)
    locks.delete(key)
  }
  for (const own of confirmed) transactions.delete(own.txid)
  for (const own of beaten) for (const id of descendantsOf(state.transactions, own.txid)) transactions.delete(id)
  return { ...state, coins, locks, transactions }
}

const NONE: readonly OwnTx[] = []

function isAtMost(height: number | undefined, finalHeight: number): boolean {
  return height !== undefined && height <= finalHeight
}

function isCoinbase({ txid, vout }: OutPoint): boolean {
  return txid === COINBASE_TXID && vout === 0xffff_ffff
}
