import type { FeeratePerKw, OutPoint, Sat, Txid } from '../base/index.ts'
import type { Tx, TxOut } from '../bitcoin/index.ts'
import type { KeyPath, WalletKeys } from './keys.ts'
import type { WalletLimits } from './limits.ts'

// The wallet as a pure step: what it knows is what blocks said and which transactions are its own. Everything else (balances,
// what can be spent, what is locked) is worked out from it. Start with WalletState, then WalletInput.

export interface WalletState {
  /** Of the newest block that was read; absent before the first one. */
  readonly height?: number
  readonly indexes: Indexes
  /** Outputs to us on the best chain, by `outPointKey`, spent ones included until their spend is final. */
  readonly coins: ReadonlyMap<string, Coin>
  /** Transactions that we signed or published, until they are final. */
  readonly transactions: ReadonlyMap<Txid, OwnTx>
  /** Coins that somebody reserved, by `outPointKey`. */
  readonly locks: ReadonlyMap<string, Lock>
  /** The output scripts that are looked for in blocks, by their hex. Derived from `indexes` after each start, never stored. */
  readonly watched: ReadonlyMap<string, KeyPath>
}

/** The first index of each kind. They only go up, also in a reorganisation: an address that was seen is not given again. */
export interface Indexes {
  /** Above all receive addresses that were handed out. */
  readonly receiveIssued: number
  /** Above all receive and change addresses that were seen in a block or in a published transaction. */
  readonly receiveUsed: number
  readonly changeUsed: number
}

/** A P2WPKH output to us in a block. */
export interface Coin {
  readonly outpoint: OutPoint
  readonly amountSat: Sat
  readonly path: KeyPath
  readonly height: number
  readonly coinbase: boolean
  readonly spent?: SeenIn
}

/** A transaction in a block of the best chain. */
export interface SeenIn {
  readonly txid: Txid
  readonly height: number
}

export interface OwnTx {
  readonly txid: Txid
  readonly tx: Tx
  /** `held`: signed and not given to the network; its coins are locked. */
  readonly standing: 'held' | 'published'
  readonly purpose: Purpose
  readonly confirmedHeight?: number
  /** The confirmed transaction that spent one of its inputs: this one can no longer confirm, unless the chain turns. */
  readonly conflict?: SeenIn
}

/** `other`: made outside the wallet with its coins or to its addresses, such as what enforcement publishes. */
export type Purpose = 'funding' | 'send' | 'other'

export interface Lock {
  readonly outpoint: OutPoint
  readonly reason: LockReason
}

/** Who reserved a coin: enforcement of a channel, or the user. Coins of held transactions need no lock besides. */
export type LockReason = 'channel' | 'user'

/** What the wallet knows besides its state, as values. */
export interface WalletContext {
  readonly keys: WalletKeys
  readonly limits: WalletLimits
  /** Channels that are open or opening: each has its part of the reserve. */
  readonly channels: number
}

export type WalletInput =
  /** The transactions in the order of the block. The first block may have any height, each next one follows. */
  | { readonly type: 'block_connected'; readonly height: number; readonly transactions: readonly Tx[] }
  /** The block of this height and all above it are gone. */
  | { readonly type: 'block_disconnected'; readonly height: number }
  /** Answered by the effect `address`. */
  | { readonly type: 'address_requested' }
  /** Answered by the effect `funding_signed`. The coins stay locked until it is published or abandoned. */
  | { readonly type: 'fund'; readonly output: TxOut; readonly feeratePerKw: FeeratePerKw }
  /** `all`: everything that can be spent, less the reserve and the fee. Answered by the effect `publish`. */
  | {
      readonly type: 'send'
      readonly address: string
      readonly amountSat: Sat | 'all'
      readonly feeratePerKw: FeeratePerKw
    }
  /** The network was given this transaction. One that has nothing to do with us changes nothing. */
  | { readonly type: 'published'; readonly tx: Tx }
  /** This transaction will not be published, or was forgotten by the network: its coins are free, its children gone. */
  | { readonly type: 'abandoned'; readonly txid: Txid }
  /** The chain has no inputs for this transaction, and means it. Refused where we see all of them. */
  | { readonly type: 'inputs_gone'; readonly txid: Txid }
  /** The network was given another transaction in place of this one. */
  | { readonly type: 'replaced'; readonly txid: Txid; readonly by: Tx }
  | { readonly type: 'lock'; readonly outpoint: OutPoint; readonly reason: LockReason }
  | { readonly type: 'unlock'; readonly outpoint: OutPoint }
  /** The first input after a start from stored records. */
  | { readonly type: 'started' }

/** Carried out in order, once the writes are durable. */
export type WalletEffect =
  | { readonly type: 'address'; readonly address: string; readonly script: Uint8Array; readonly path: KeyPath }
  /** Signed, and kept from the network until the channel says so. */
  | { readonly type: 'funding_signed'; readonly tx: Tx; readonly feeSat: Sat }
  /** Also for one that the network may know already. */
  | { readonly type: 'publish'; readonly tx: Tx }
  | { readonly type: 'event'; readonly event: WalletEvent }

export type WalletEvent =
  | { readonly type: 'coin_received'; readonly outpoint: OutPoint; readonly amountSat: Sat; readonly height: number }
  | { readonly type: 'transaction_confirmed'; readonly txid: Txid; readonly height: number }
  | { readonly type: 'transaction_conflicted'; readonly txid: Txid; readonly by: Txid; readonly height: number }
  /** It can never confirm, for the lack of an input. */
  | { readonly type: 'transaction_given_up'; readonly txid: Txid }

export type WalletWrite =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: string }

/** An input that was refused: nothing changed. */
export interface WalletFailure {
  readonly code:
    | 'address'
    | 'already_confirmed'
    | 'dust'
    | 'fee_too_high'
    | 'insufficient_funds'
    | 'missed_blocks'
    | 'not_a_replacement'
    | 'not_lost'
    | 'reserve'
    | 'unknown_coin'
    | 'unknown_transaction'
  readonly expected: string
  readonly got: string
  readonly section: string
}

export interface WalletStep {
  readonly next: WalletState
  readonly writes: readonly WalletWrite[]
  readonly effects: readonly WalletEffect[]
  readonly failure?: WalletFailure
}
