import type { BlockHash, OutPoint, Result, Txid } from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'

export interface ChainBlock {
  readonly hash: BlockHash
  readonly height: number
  /** The coinbase first. */
  readonly transactions: readonly Tx[]
}

/** How the best chain changes: blocks are taken off the top before others are put on. */
export type ChainEvent =
  | { readonly type: 'connected'; readonly block: ChainBlock }
  | { readonly type: 'disconnected'; readonly block: ChainBlock }

/** Why a transaction was not taken, in the words of Bitcoin Core. */
export interface PublishRefusal {
  readonly reason: string
  readonly details?: string
}

/** A view of the bitcoin chain that transactions can be given to. */
export interface Chain {
  height(): number
  /** A transaction that is known already, in the mempool or confirmed, counts as published. */
  publish(tx: Tx): Promise<Result<Txid, PublishRefusal>>
  /** The confirmed transaction that spends an output, if there is one. */
  spender(outpoint: OutPoint): Promise<{ readonly tx: Tx; readonly height: number } | undefined>
  /** The confirmed transaction with this txid, if there is one. */
  confirmed(txid: Txid): Promise<{ readonly tx: Tx; readonly height: number } | undefined>
  /** Calls back, in order, for every change of the best chain from now on; returns how to stop it. */
  subscribe(listener: (event: ChainEvent) => void): () => void
}
