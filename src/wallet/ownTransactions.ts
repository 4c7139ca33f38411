import { outPointKey, type Txid } from '../base/index.ts'
import { type Tx, txid } from '../bitcoin/index.ts'
import type { OwnTx, Purpose, SeenIn, WalletContext, WalletState } from './types.ts'
import { pathOf, withSeen } from './watched.ts'

// The wallet's own transactions, from signed to final.

/** A transaction that the network was given: one of ours, or another that takes our coins or pays us. */
export function published(state: WalletState, tx: Tx, purpose: Purpose, context: WalletContext): WalletState {
  const id = txid(tx)
  const known = state.transactions.get(id)
  if (known?.standing === 'published' || (known === undefined && !concernsUs(state, tx))) return state
  const own = { txid: id, tx, standing: 'published', purpose: known?.purpose ?? purpose } as const
  return withSeen(withOwn(state, { ...own, ...whatBlocksSaid(state, id, tx) }), tx.outputs, context)
}

/** A signed transaction that the network is not given yet. */
export function held(state: WalletState, tx: Tx, purpose: Purpose): WalletState {
  return withOwn(state, { txid: txid(tx), tx, standing: 'held', purpose })
}

/** Without this transaction and those that spend its outputs. */
export function forgotten(state: WalletState, id: Txid): WalletState {
  const transactions = new Map(state.transactions)
  for (const gone of descendantsOf(state.transactions, id)) transactions.delete(gone)
  return { ...state, transactions }
}

/** The transaction itself, and each of ours that spends an output of one of them. */
export function descendantsOf(transactions: WalletState['transactions'], id: Txid): ReadonlySet<Txid> {
  const family = new Set([id])
  // A set hands out what is added while it is walked, so that this ends with the last generation.
  for (const parent of family) {
    for (const own of transactions.values()) {
      if (own.tx.inputs.some(({ outpoint }) => outpoint.txid === parent)) family.add(own.txid)
    }
  }
  return family
}

/** Whether each input is one of our coins that no block has spent, or comes from one of ours that can still confirm. */
export function hasAllInputs(state: WalletState, { tx }: OwnTx): boolean {
  const parents = new Set(openTransactions(state).map(({ txid }) => txid))
  return tx.inputs.every(({ outpoint }) => {
    const coin = state.coins.get(outPointKey(outpoint))
    return coin === undefined ? parents.has(outpoint.txid) : coin.spent === undefined
  })
}

/** Those that cannot confirm for what a block of this height or below holds, with what it is. Cost: one pass, where none is beaten. */
export function beatenTransactions(
  { transactions }: Pick<WalletState, 'transactions'>,
  finalHeight: number,
): ReadonlyMap<Txid, SeenIn> {
  const beaten = new Map<Txid, SeenIn>()
  for (const { txid, conflict } of transactions.values()) {
    if (conflict === undefined || conflict.height > finalHeight) continue
    for (const id of descendantsOf(transactions, txid)) beaten.set(id, conflict)
  }
  return beaten
}

/** Those that can still confirm: neither confirmed nor beaten, and no child of one that is beaten. */
export function openTransactions({ transactions }: Pick<WalletState, 'transactions'>): readonly OwnTx[] {
  const beaten = new Set<Txid>()
  for (const own of transactions.values()) {
    if (own.conflict === undefined) continue
    for (const id of descendantsOf(transactions, own.txid)) beaten.add(id)
  }
  return [...transactions.values()].filter(own => own.confirmedHeight === undefined && !beaten.has(own.txid))
}

/** Published, open, parents before their children: what the network should know. */
export function unconfirmedTransactions(state: WalletState): readonly Tx[] {
  const waiting = openTransactions(state).filter(({ standing }) => standing === 'published')
  const ids = new Set(waiting.map(own => own.txid))
  const ordered: Tx[] = []
  // Cost: a transaction in a chain of n waits for n rounds; relay allows chains of 25.
  while (ids.size > 0) {
    const ready = waiting.filter(
      ({ txid: id, tx }) => ids.has(id) && !tx.inputs.some(({ outpoint }) => ids.has(outpoint.txid)),
    )
    for (const own of ready) {
      ids.delete(own.txid)
      ordered.push(own.tx)
    }
  }
  return ordered
}

function withOwn(state: WalletState, own: OwnTx): WalletState {
  return { ...state, transactions: new Map(state.transactions).set(own.txid, own) }
}

function concernsUs(state: WalletState, tx: Tx): boolean {
  const ownOutputs = new Set(state.transactions.keys())
  return (
    tx.inputs.some(({ outpoint }) => state.coins.has(outPointKey(outpoint)) || ownOutputs.has(outpoint.txid)) ||
    tx.outputs.some(output => pathOf(state.watched, output) !== undefined)
  )
}

/** A block may have brought the transaction, or one that beats it, before we are told that it was published. */
function whatBlocksSaid(state: WalletState, id: Txid, tx: Tx): Pick<OwnTx, 'confirmedHeight' | 'conflict'> {
  const spends = tx.inputs.flatMap(({ outpoint }) => state.coins.get(outPointKey(outpoint))?.spent ?? [])
  const received = tx.outputs.flatMap((_, vout) => state.coins.get(outPointKey({ txid: id, vout })) ?? [])
  const confirmedHeight = spends.find(spent => spent.txid === id)?.height ?? received[0]?.height
  if (confirmedHeight !== undefined) return { confirmedHeight }
  const conflict = spends.reduce<SeenIn | undefined>(
    (first, spent) => (first === undefined || spent.height < first.height ? spent : first),
    undefined,
  )
  return conflict === undefined ? {} : { conflict }
}
