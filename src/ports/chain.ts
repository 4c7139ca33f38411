import type { BlockHash, FeeratePerKw, OutPoint, Result, Sat, Txid } from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'

export interface ChainTip {
  readonly height: number
  readonly hash: BlockHash
}

export interface ChainBlock extends ChainTip {
  /** The coinbase first. */
  readonly transactions: readonly Tx[]
}

/** A place in the best chain, as a short_channel_id names it (BOLT 7). */
export interface ChainPlace {
  readonly height: number
  readonly txIndex: number
  readonly outputIndex: number
}

/** What stands there. */
export interface ChainOutput {
  readonly txid: Txid
  /** Absent where a confirmed transaction has spent it, or the transaction never had it. */
  readonly unspent?: { readonly amountSat: Sat; readonly script: Uint8Array }
}

/** Why a transaction was not taken, in the words of Bitcoin Core. */
export interface PublishRefusal {
  readonly reason: string
  readonly details?: string
}

/** Why the chain cannot be asked: `code` for programs, the message for people, with what to do. */
export class ChainError extends Error {
  readonly code: 'unreachable' | 'unauthorized' | 'wrong_network' | 'bad_answer' | 'pruned'

  constructor(code: ChainError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ChainError'
    this.code = code
  }
}

/**
 * A view of the best chain that is pulled: whoever follows it keeps its own tip and asks what comes next, so that nothing is
 * missed over restarts and reorganisations. Every call may reject with a `ChainError`.
 */
export interface Chain {
  tip(): Promise<ChainTip>
  /** On the best chain; `undefined` above its tip. The hash at height 0 names the network. */
  hashAt(height: number): Promise<BlockHash | undefined>
  /** Also one that is no longer on the best chain, while it is known. */
  block(hash: BlockHash): Promise<ChainBlock | undefined>
  /** What stands at this place; `undefined` where no block or no transaction does. A chain that has pruned the block rejects with that code. */
  outputAt(place: ChainPlace): Promise<ChainOutput | undefined>
  /**
   * A transaction that is known already, in the mempool or confirmed, counts as published. `parent`: an unconfirmed one that it pays
   * for, and which may pay too little to come in alone: where the chain takes packages, the two are offered as one.
   */
  publish(tx: Tx, parent?: Tx): Promise<Result<Txid, PublishRefusal>>
  /**
   * Why the chain would not take it, where it can tell: no answer is no promise. Nothing is published, and what it pays for its parents,
   * or has to be paid for it by a child, is left out of account.
   */
  testAccept(tx: Tx): Promise<PublishRefusal | undefined>
  /**
   * What waits for a block and spends one of these, as far as the chain can say: of whatever it does not tell, the block tells. Nothing of
   * it is proven.
   */
  waitingSpends(outpoints: readonly OutPoint[]): Promise<readonly Tx[]>
  /** What confirms within about so many blocks; `undefined` where nobody can say. */
  feerate(targetBlocks: number): Promise<FeeratePerKw | undefined>
  /** Calls back, perhaps once too often, when there may be something new. Returns how to stop it. */
  onChange(listener: () => void): () => void
  /** Asks and listens no more. */
  close(): Promise<void>
}
