import { type OutPoint, outPointKey, type Sat, sat } from '../base/index.ts'
import { type AddressKey, deriveAddressKey } from './keys.ts'
import { reserveSat } from './limits.ts'
import { descendantsOf, openTransactions } from './ownTransactions.ts'
import type { Coin, LockReason, OwnTx, WalletContext, WalletState } from './types.ts'
import { pathOf } from './watched.ts'

// How the coins stand, worked out anew each time from what blocks said and what is our own.

export type CoinStanding =
  | { readonly type: 'free' }
  /** The output of a coinbase that the next block may not spend yet. */
  | { readonly type: 'immature'; readonly spendableAt: number }
  /** Input of a transaction that we hold back, or reserved. */
  | { readonly type: 'locked'; readonly reason: LockReason | OwnTx['purpose'] }
  /** Input of a published transaction that is not confirmed yet. */
  | { readonly type: 'leaving'; readonly txid: OwnTx['txid'] }

export interface StandingCoin {
  readonly coin: Coin
  readonly standing: CoinStanding
}

/** Confirmed coins that no block spent, in the order of their outpoints. */
export function standingCoins(state: WalletState, { limits }: Pick<WalletContext, 'limits'>): readonly StandingCoin[] {
  const spenders = spendersOf(openTransactions(state))
  const next = (state.height ?? 0) + 1
  const standing = ([key, coin]: readonly [string, Coin]): CoinStanding => {
    const spender = spenders.get(key)
    if (spender?.standing === 'published') return { type: 'leaving', txid: spender.txid }
    if (spender !== undefined) return { type: 'locked', reason: spender.purpose }
    const lock = state.locks.get(key)
    if (lock !== undefined) return { type: 'locked', reason: lock.reason }
    const spendableAt = coin.height + limits.coinbaseMaturity
    return coin.coinbase && next < spendableAt ? { type: 'immature', spendableAt } : { type: 'free' }
  }
  return [...state.coins]
    .filter(([, { spent }]) => spent === undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(entry => ({ coin: entry[1], standing: standing(entry) }))
}

/** Coins that a new transaction may spend. Unconfirmed ones are never among them. */
export function freeCoins(state: WalletState, context: Pick<WalletContext, 'limits'>): readonly Coin[] {
  return standingCoins(state, context).flatMap(({ coin, standing }) => (standing.type === 'free' ? [coin] : []))
}

export interface Balance {
  /** Coins in blocks, locked ones included, immature ones and those of published transactions not. */
  readonly confirmedSat: Sat
  /** Outputs to us of our published transactions, until they confirm. */
  readonly unconfirmedSat: Sat
  /** Outputs of coinbases that the next block may not spend yet. */
  readonly immatureSat: Sat
  readonly lockedSat: Sat
  /** Kept for the fees of channels; counted whether or not there is as much. */
  readonly reserveSat: Sat
  /** Free coins less the reserve: what can be paid, fees included. */
  readonly spendableSat: Sat
}

export function balanceOf(state: WalletState, context: Pick<WalletContext, 'limits' | 'channels'>): Balance {
  const sums = { free: 0n, immature: 0n, locked: 0n, leaving: 0n }
  for (const { coin, standing } of standingCoins(state, context)) sums[standing.type] += coin.amountSat
  const reserve = reserveSat(context.channels, context.limits)
  return {
    confirmedSat: sat(sums.free + sums.locked),
    unconfirmedSat: sat(unconfirmedAmounts(state).reduce((sum, amount) => sum + amount, 0n)),
    immatureSat: sat(sums.immature),
    lockedSat: sat(sums.locked),
    reserveSat: reserve,
    spendableSat: sat(sums.free > reserve ? sums.free - reserve : 0n),
  }
}

/** A P2WPKH coin with its keys: what enforcement may add to HTLC transactions for their fee. */
export interface KeyedCoin extends Pick<AddressKey, 'secret' | 'publicKey'> {
  readonly outpoint: OutPoint
  readonly amountSat: Sat
}

/**
 * Free coins with their keys, the largest first: the reserve is there for them. Cost: three multiplications for each, for at most
 * `maxFeeCoins`.
 */
export function feeCoins(
  state: WalletState,
  { keys, limits }: Pick<WalletContext, 'keys' | 'limits'>,
): readonly KeyedCoin[] {
  return freeCoins(state, { limits })
    .toSorted((a, b) => (a.amountSat === b.amountSat ? 0 : a.amountSat > b.amountSat ? -1 : 1))
    .slice(0, limits.maxFeeCoins)
    .map(coin => withKeys(coin, keys))
}

/** Of these outpoints, the coins that no block has spent, with their keys: those that a transaction of ours spends already, too. */
export function coinsAt(
  state: WalletState,
  outpoints: readonly OutPoint[],
  { keys }: Pick<WalletContext, 'keys'>,
): readonly KeyedCoin[] {
  return outpoints.flatMap(outpoint => {
    const coin = state.coins.get(outPointKey(outpoint))
    return coin === undefined || coin.spent !== undefined ? [] : [withKeys(coin, keys)]
  })
}

function withKeys({ outpoint, amountSat, path }: Coin, keys: WalletContext['keys']): KeyedCoin {
  const { secret, publicKey } = deriveAddressKey(keys, path)
  return { outpoint, amountSat, secret, publicKey }
}

/** Where two of ours want one coin, a published one counts; of two such, always the same one. */
function spendersOf(open: readonly OwnTx[]): ReadonlyMap<string, OwnTx> {
  const rank = ({ standing, txid }: OwnTx): string => (standing === 'published' ? `0${txid}` : `1${txid}`)
  const spenders = new Map<string, OwnTx>()
  for (const own of open.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))) {
    for (const { outpoint } of own.tx.inputs) {
      const key = outPointKey(outpoint)
      if (!spenders.has(key)) spenders.set(key, own)
    }
  }
  return spenders
}

/** Outputs to us that are not spent by ours; only one of two transactions that want the same coin brings its outputs. */
function unconfirmedAmounts(state: WalletState): readonly Sat[] {
  const waiting = openTransactions(state).filter(({ standing }) => standing === 'published')
  const spenders = spendersOf(waiting)
  const losing = waiting.filter(({ txid, tx }) =>
    tx.inputs.some(({ outpoint }) => spenders.get(outPointKey(outpoint))?.txid !== txid),
  )
  const lost = new Set(losing.flatMap(({ txid }) => [...descendantsOf(state.transactions, txid)]))
  return waiting.flatMap(({ txid, tx }) =>
    tx.outputs.flatMap((output, vout) => {
      const isOurs = !lost.has(txid) && pathOf(state.watched, output) !== undefined
      return isOurs && !spenders.has(outPointKey({ txid, vout })) ? [output.amountSat] : []
    }),
  )
}
