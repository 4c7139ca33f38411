import type { BlockHash, FeeratePerKw, NodeId, OutPoint, Txid } from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'
import type { JusticeOutput } from './blob.ts'
import type { TowerMessage } from './messages.ts'

// A tower as values. What it keeps for its clients is in its store alone; in memory is what it owes whom, and what it is punishing.

export interface TowerState {
  /** The blocks that it has seen last, newest last. */
  readonly blocks: readonly { readonly height: number; readonly hash: BlockHash }[]
  /** What each client has stored. */
  readonly clients: ReadonlyMap<NodeId, ClientUse>
  /** Outputs of revoked commitments that are on the chain, by `outPointKey`. */
  readonly cases: ReadonlyMap<string, JusticeCase>
  /** The transactions of the last few blocks by hint: what is stored too late is looked up among them. In this process only. */
  readonly recent: readonly RecentBlock[]
}

export interface ClientUse {
  readonly blobs: number
  readonly bytes: number
}

export interface RecentBlock {
  readonly height: number
  readonly byHint: ReadonlyMap<string, Tx>
}

/** One output that is to be taken. */
export interface JusticeCase {
  readonly client: NodeId
  readonly outpoint: OutPoint
  /** Of the block that holds the revoked commitment. */
  readonly openedAt: number
  readonly destinationScript: Uint8Array
  readonly output: JusticeOutput
  /** The rung that was published last, and when; absent before the first. */
  readonly rung?: number
  readonly since?: number
  /** Where a block holds a transaction that spends it, and whether it is one of ours. */
  readonly spent?: { readonly height: number; readonly isOurs: boolean }
}

export interface TowerLimits {
  readonly maxClients: number
  readonly maxBytesPerClient: number
  readonly maxBlobsPerClient: number
  /** A claim that waits longer than that goes up a rung. */
  readonly climbBlocks: number
  /** So deep a spend is final, and its case is forgotten. */
  readonly finalDepth: number
  /** A case that nobody has spent is given up after so many blocks: the commitment is in no block any more. */
  readonly caseBlocks: number
  /** Blocks whose transactions are kept for what comes too late. */
  readonly recentBlocks: number
  /** Blocks whose hashes are kept: a reorganisation that is deeper needs a new start. */
  readonly maxReorgDepth: number
}

export const DEFAULT_TOWER_LIMITS: TowerLimits = {
  maxClients: 100,
  maxBytesPerClient: 2 ** 30,
  maxBlobsPerClient: 2_000_000,
  climbBlocks: 3,
  finalDepth: 100,
  caseBlocks: 4_032,
  recentBlocks: 12,
  maxReorgDepth: 144,
}

export interface TowerContext {
  readonly limits: TowerLimits
  /** What the next blocks ask for. */
  readonly feeratePerKw: FeeratePerKw
  /** Those who may store something; absent: anybody. */
  readonly allowed?: ReadonlySet<NodeId>
}

/** A blob of the store, with the client whose it is. */
export interface FoundBlob {
  readonly client: NodeId
  readonly blob: Uint8Array
}

export type TowerInput =
  | {
      readonly type: 'put'
      readonly connection: number
      readonly client: NodeId
      readonly put: Extract<TowerMessage, { type: 'tower_put' }>
      /** The bytes that are stored under the same number and part already. */
      readonly replaces?: number
    }
  /** `stored`: the keys of all that is kept under the tag, and how many bytes each is of. */
  | {
      readonly type: 'forget'
      readonly connection: number
      readonly client: NodeId
      readonly forget: Extract<TowerMessage, { type: 'tower_forget' }>
      readonly stored: ReadonlyMap<string, number>
    }
  /** `found`: what is kept under the hints of its transactions, by txid. */
  | {
      readonly type: 'block_connected'
      readonly height: number
      readonly hash: BlockHash
      readonly transactions: readonly Tx[]
      readonly found: ReadonlyMap<Txid, readonly FoundBlob[]>
    }
  | { readonly type: 'block_disconnected' }
  | { readonly type: 'started' }
  | { readonly type: 'end_of_turn' }

export type TowerEffect =
  | { readonly type: 'send'; readonly connection: number; readonly message: TowerMessage }
  | { readonly type: 'publish'; readonly tx: Tx }
  /** For people. */
  | { readonly type: 'tell'; readonly level: 'info' | 'warn'; readonly message: string }

export type TowerWrite =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: string }

export interface TowerStep {
  readonly next: TowerState
  readonly writes: readonly TowerWrite[]
  readonly effects: readonly TowerEffect[]
}
