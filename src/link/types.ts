import type { BlockHash, ChannelId, FeeratePerKw, OutPoint, Txid } from '../base/index.ts'
import type { Tx, TxOut } from '../bitcoin/index.ts'
import type {
  Channel,
  ChannelCommand,
  ChannelEvent,
  ChannelFailure,
  ChannelLimits,
  NegotiatedFeatures,
  OpenChannelRequest,
  PeerMessage,
} from '../channel/index.ts'
import type { FeeCoin, OnchainEvent, OnchainState, PublishRole } from '../onchain/index.ts'
import type { ShortChannelId } from '../wire/index.ts'

// One channel with one peer, from open_channel to the last output on chain, over all connections and restarts between: values
// in, values out. The floor above finds the link that a message is for, and gives each its own key index.

export interface LinkState {
  readonly connection: 'disconnected' | 'connected'
  readonly channel?: Channel
  /** Where the funding transaction is confirmed, once it is. */
  readonly funding?: ConfirmedFunding
  /** The enforcement of the channel on chain: from the moment at which its funding is signed for. */
  readonly onchain?: OnchainState
  /** Scripts that were named for a mutual close before the newest ones. */
  readonly earlierScripts?: EarlierScripts
  /** The outputs that the enforcement looks at, by `outPointKey`. Asked for anew after each start, so never stored. */
  readonly watched: ReadonlyMap<string, OutPoint>
}

export const NEW_LINK: LinkState = { connection: 'disconnected', watched: new Map() }

/** Oldest first. */
export interface EarlierScripts {
  readonly local: readonly Uint8Array[]
  readonly remote: readonly Uint8Array[]
}

export interface ConfirmedFunding {
  readonly height: number
  readonly output: TxOut | undefined
  readonly coinbase: boolean
  /** Its place in the block. Absent where an earlier version, or somebody who did not see the block, has written this. */
  readonly txIndex?: number
}

/** What a link knows besides its state, as values. */
export interface LinkContext {
  readonly chainHash: BlockHash
  readonly height: number
  /** 32 bytes; every key of every channel comes from it. */
  readonly seed: Uint8Array
  /** Which of the seed's channel keys are this link's: never those of another one. */
  readonly channelKeyIndex: number
  /** Ids of this node's other channels, temporary and final, with any peer. Looked at while the channel is opened. */
  readonly channelIdsInUse: readonly ChannelId[]
  /** For the peer, in `channel_ready`. */
  readonly scidAlias?: ShortChannelId
  readonly negotiated: NegotiatedFeatures
  /** Our user trusts the peer with channels that are used before they are confirmed. Default: no. */
  readonly trustZeroConf?: boolean
  readonly limits: ChannelLimits
  readonly feerates: {
    readonly commitment: FeeratePerKw
    readonly mutualClose: FeeratePerKw
    /** For what we sweep after a unilateral close. */
    readonly claim: FeeratePerKw
  }
  /** The wallet's script: where closed channels and change go. */
  readonly walletScript: Uint8Array
  /** Coins of the wallet that may pay for HTLC transactions without a fee of their own. */
  readonly feeCoins: readonly FeeCoin[]
}

export type LinkInput =
  /** `init` was exchanged on a new connection, which replaces the one before it. */
  | { readonly type: 'connected' }
  | { readonly type: 'disconnected' }
  /** A message of the peer about this channel: under its id, or under the one that stands for all. */
  | { readonly type: 'message'; readonly message: PeerMessage }
  /** The first input of a link that opens a channel. Rejected where there is one already, or no peer. */
  | { readonly type: 'open'; readonly request: Omit<OpenChannelRequest, 'negotiated' | 'channelKeyIndex'> }
  /** Rejected without a channel. */
  | { readonly type: 'command'; readonly command: ChannelCommand }
  | { readonly type: 'block_connected'; readonly height: number; readonly transactions: readonly Tx[] }
  | { readonly type: 'block_disconnected'; readonly height: number }
  /** The records asked for by `load_archive`. */
  | { readonly type: 'archive'; readonly commitmentNumber: number; readonly records: ReadonlyMap<string, Uint8Array> }
  /** The answer to `look_up_spend`, where there is one. */
  | { readonly type: 'spend_found'; readonly outpoint: OutPoint; readonly tx: Tx; readonly height: number }
  /** A transaction that waits for a block and spends a watched output. It may never confirm. */
  | { readonly type: 'spend_seen'; readonly tx: Tx }
  /** The answer to `look_up_funding`, where there is one. */
  | { readonly type: 'funding_found'; readonly tx: Tx; readonly height: number }
  /** A coin of our funding is spent by this other transaction, for good: the channel ends, and with it what is in flight over it. */
  | { readonly type: 'funding_lost'; readonly by: Txid }
  /** Nobody waits for its funding any more: a channel that is closing ends, and with it what is in flight over it. */
  | { readonly type: 'given_up' }
  /** The first input after a start from stored records. */
  | { readonly type: 'started' }
  /** The queue is empty: sign what the turn brought. */
  | { readonly type: 'end_of_turn' }

/** Carried out in order, once the writes of the turn are durable. */
export type LinkEffect =
  | { readonly type: 'send'; readonly message: PeerMessage }
  | { readonly type: 'close_connection' }
  | {
      readonly type: 'publish'
      readonly tx: Tx
      readonly role: PublishRole | 'funding' | 'mutual-close' | 'commitment'
      /** One of ours that is out, and whose place this one takes (BIP 125). */
      readonly replaces?: Txid
      /** An unconfirmed one that it pays for. */
      readonly parent?: Tx
      /** It spends what no block holds yet: for the wallet it is nothing before one does. */
      readonly isAhead?: true
    }
  /** A transaction of ours that is out can never confirm: what it spends of the wallet is free again. */
  | { readonly type: 'withdraw'; readonly txid: Txid }
  | { readonly type: 'fund_channel'; readonly output: TxOut; readonly feeratePerKw: FeeratePerKw }
  /** Answer with `archive`: every record under this prefix. */
  | { readonly type: 'load_archive'; readonly prefix: string; readonly commitmentNumber: number }
  /** Answer with `spend_found` if a confirmed transaction spends this output already; later ones come with their blocks. */
  | { readonly type: 'look_up_spend'; readonly outpoint: OutPoint }
  /** Answer with `funding_found` if this transaction is confirmed already; later it comes with its block. */
  | { readonly type: 'look_up_funding'; readonly txid: Txid }
  | { readonly type: 'event'; readonly event: ChannelEvent | OnchainEvent }

export type LinkWrite =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: string }

export interface LinkStep {
  readonly next: LinkState
  readonly writes: readonly LinkWrite[]
  readonly effects: readonly LinkEffect[]
  readonly failure?: ChannelFailure
}
