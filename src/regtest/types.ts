import type { BlockHash, Txid } from '../base/index.ts'
import type { BlockHeader, Tx } from '../bitcoin/index.ts'
import type { RelayPolicy } from './params.ts'
import type { VerifySignature } from './signatures.ts'
import type { BlockNode } from './tree.ts'

// How callers see the chain.

export interface RegtestOptions {
  /** Seconds since 1970. Without a clock each block is ten minutes after the one before, so that runs repeat exactly. */
  readonly now?: () => number
  readonly policy?: Partial<RelayPolicy>
  /** 32 bytes: the key that rewards go to unless said otherwise, and that `fund` pays from. */
  readonly minerSecret?: Uint8Array
  /** Says whether ECDSA signatures hold, in place of the interpreter's own curve: for simulated worlds. */
  readonly verifySignature?: VerifySignature
}

/** A block as callers see it. */
export interface ChainBlock {
  readonly hash: BlockHash
  readonly height: number
  readonly header: BlockHeader
  readonly transactions: readonly Tx[]
}

export interface BlockEvent {
  readonly type: 'block_connected' | 'block_disconnected'
  readonly block: ChainBlock
}

/** A transaction that is confirmed or waits. */
export interface KnownTransaction {
  readonly txid: Txid
  readonly tx: Tx
  /** 0 while it waits; 1 in the tip. */
  readonly confirmations: number
  /** Where it is confirmed. */
  readonly height?: number
  readonly blockHash?: BlockHash
}

/** What goes into a block besides its coinbase: what pays best, or exactly these, in this order. */
export type BlockContents = 'mempool' | readonly Tx[]

/** How a block is mined. */
export interface BlockOptions {
  readonly to?: Uint8Array
  readonly transactions?: BlockContents
  /** Of the mempool, what pays less for each 1,000 virtual bytes is left out. */
  readonly leastSatPerKvB?: bigint
  readonly parent?: BlockHash
  /** Seconds since 1970. */
  readonly time?: number
}

export function viewOf({ hash, height, block }: BlockNode): ChainBlock {
  return { hash, height, header: block.header, transactions: block.transactions }
}
