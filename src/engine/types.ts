import type {
  BlockHash,
  Bucket,
  ChannelId,
  FeeratePerKw,
  Msat,
  NodeId,
  OutPoint,
  PMap,
  Sat,
  Txid,
} from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'
import type { ChannelLimits } from '../channel/index.ts'
import type { FundingOutput, GossipLimits, GossipState, OwnNode } from '../gossip/index.ts'
import type { LinkEffect, LinkState } from '../link/index.ts'
import type { PaymentInput, PaymentLimits, PaymentProgress, PaymentReply, PaymentsState } from '../payment/index.ts'
import type { PeerAddress, PeerLimits, PeerState } from '../peer/index.ts'
import type { WalletKeys, WalletLimits, WalletState } from '../wallet/index.ts'
import type { FeatureName, ShortChannelId } from '../wire/index.ts'
import type { NumberedEvent } from './events.ts'
import type { EngineLimits } from './limits.ts'
import type { StorageState } from './storage/state.ts'
import type { TowersState } from './towers/state.ts'

// A whole node as values: many peers, many channels with each, one wallet, one chain, and what is paid over all of it.

export interface EngineState {
  /** The blocks that we have seen last, newest last: enough of them to find out where another branch begins. */
  readonly blocks: readonly SeenBlock[]
  /** When the chain last gave a sign of life: a block, or a start that has asked for all of them. In milliseconds since 1970. */
  readonly tipSeenAt?: number
  readonly peers: PMap<PeerEntry>
  /** What all peers without a channel share. */
  readonly strangersOnionMessages?: OnionMessageAllowance
  /** By `String(index)`. */
  readonly links: PMap<Link>
  /** The index of a link by what its peer calls the channel, see `nameKey`. */
  readonly names: PMap<number>
  /** The index of a link by the short channel ids under which onions name it. */
  readonly shortIds: PMap<number>
  /** The links that look at an output, by `outPointKey`. */
  readonly watchers: PMap<readonly number[]>
  /** Links that this turn has moved: each is asked at its end whether there is something to sign. */
  readonly moved: ReadonlySet<number>
  /** Those that the turn before has moved: what they need next may be prepared. */
  readonly movedLast: ReadonlySet<number>
  /** The index of the next link, which is also that of its keys: never used twice. */
  readonly nextLink: number
  readonly nextEvent: number
  /** What tokens were charged for what may still come to nothing, by its name: see charges.ts. */
  readonly charges: PMap<Charge>
  /** When to look for calls that need not be remembered any more, in milliseconds since 1970; absent before the first time. */
  readonly requestSweepAt?: number
  /** Transactions of the wallet that the chain has no inputs for, in this process. */
  readonly lostInputs: LostInputs
  readonly wallet: WalletState
  readonly payments: PaymentsState
  /** The network as it is known, and what is told of it. */
  readonly gossip: GossipState
  /** What it has to store and what has not been worth a commit yet, the newest first. */
  readonly unsaved: Unsaved | undefined
  /** What we keep for peers, and who is to keep something for us. */
  readonly storage: StorageState
  readonly towers: TowersState
}

export interface Unsaved {
  /** Milliseconds since 1970: of the oldest. */
  readonly since: number
  /** Of all of them. */
  readonly count: number
  readonly writes: readonly EngineWrite[]
  readonly before: Unsaved | undefined
}

export interface SeenBlock {
  readonly height: number
  readonly hash: BlockHash
}

/** The heights of the first and the last time without a break that the chain has said so. */
export type LostInputs = ReadonlyMap<Txid, { readonly since: number; readonly last: number }>

/** One channel of the node. */
export interface Link {
  readonly index: number
  readonly peer: NodeId
  readonly state: LinkState
  /** Milliseconds since 1970. */
  readonly createdAt: number
  /** Under which the peer may name it in payments; absent before it is stored, and where an earlier version has stored it. */
  readonly alias?: ShortChannelId
  /** The last transaction that we published to end it. */
  readonly closingTxid?: Txid
  /** Ours, until its funding transaction is published. */
  readonly opening?: Opening
}

export interface Opening {
  /** Who waits for it. */
  readonly request: number
  readonly idempotency?: Idempotency
  /** For the funding transaction, where the user named it. */
  readonly feeratePerKw?: FeeratePerKw
  /** The transaction that the wallet holds for it. */
  readonly fundingTxid?: Txid
}

/** What was taken from the budget of a token. */
export interface Charge {
  readonly token: string
  readonly amountMsat: Msat
}

/** What is taken back where the network refuses a transaction that it was given for a request. */
export interface Undo {
  readonly remembered?: RememberedAt
}

/** Under which idempotency key a call is remembered, and since when, in milliseconds since 1970. */
export interface RememberedAt {
  readonly key: string
  readonly at: number
}

/** A call that is carried out once: remembered, with what came of it, in the same commit. */
export interface Idempotency {
  readonly key: string
  /** Says whether a second call with the key asks for the same. */
  readonly fingerprint: string
}

export interface PeerEntry {
  readonly state: PeerState
  readonly links: readonly number[]
  /** The user asked to be connected. */
  readonly asked: boolean
  /** Requests that wait for the connection. */
  readonly waiting: readonly number[]
  /** Events in the log that this peer has brought about, in the hour that began at `since`. */
  readonly told?: { readonly since: number; readonly count: number }
  /** Absent: none has come or gone, or it has no channel and shares with all such peers. */
  readonly onionMessages?: OnionMessageAllowance
}

/** How many onion messages are still let through from somebody, and to somebody. */
export interface OnionMessageAllowance {
  readonly from: Bucket
  readonly to: Bucket
}

/** What a node knows besides its state, as values. */
export interface EngineContext {
  /** Milliseconds since 1970. */
  readonly now: number
  readonly network: 'regtest' | 'signet' | 'testnet4' | 'bitcoin'
  readonly chainHash: BlockHash
  readonly nodeId: NodeId
  /** 32 bytes: what peers know us by. */
  readonly nodeSecret: Uint8Array
  /** 32 bytes: every key of every channel comes from it. */
  readonly channelSeed: Uint8Array
  readonly walletKeys: WalletKeys
  /** Ours, for `init`. */
  readonly features: Uint8Array
  readonly supported: readonly FeatureName[]
  readonly limits: {
    readonly engine: EngineLimits
    readonly channel: ChannelLimits
    readonly gossip: GossipLimits
    readonly peer: PeerLimits
    readonly payment: PaymentLimits
    readonly wallet: WalletLimits
  }
  readonly feerates: {
    readonly funding: FeeratePerKw
    readonly commitment: FeeratePerKw
    readonly mutualClose: FeeratePerKw
    readonly claim: FeeratePerKw
  }
  /** What we call ourselves where we have public channels, and where we are to be reached. Default: a name and a color made of our node id. */
  readonly self?: Partial<Omit<OwnNode, 'features'>>
  /** Those whose channels our user lets be used before they are confirmed. Default: nobody. */
  readonly trustZeroConf?: ReadonlySet<NodeId>
  /** The towers that are told of each revoked commitment. Absent: none. */
  readonly towers?: readonly NodeId[]
  /** 32 bytes: seals what peers keep for us. Absent: they are given nothing. */
  readonly storageKey?: Uint8Array
  /** In [0, 1), new for each turn: for jitter, not for secrets. */
  readonly entropy: number
}

/** What a user may ask of the payments. */
export type PaymentRequest = Extract<
  PaymentInput,
  {
    type:
      | 'create_invoice'
      | 'create_hold_invoice'
      | 'settle_invoice'
      | 'cancel_invoice'
      | 'pay_invoice'
      | 'keysend'
      | 'find_routes'
      | 'set_policy'
      | 'create_token'
      | 'revoke_token'
  }
>

export type EngineInput =
  // The network.
  | {
      readonly type: 'connected'
      readonly connection: number
      readonly nodeId: NodeId
      readonly outgoing: boolean
      readonly address?: PeerAddress
    }
  | { readonly type: 'received'; readonly connection: number; readonly nodeId: NodeId; readonly bytes: Uint8Array }
  | { readonly type: 'ended'; readonly connection: number; readonly nodeId: NodeId }
  | { readonly type: 'dial_failed'; readonly nodeId: NodeId; readonly reason: string }
  // The chain.
  | {
      readonly type: 'block_connected'
      readonly height: number
      readonly hash: BlockHash
      readonly transactions: readonly Tx[]
    }
  /** The newest block is gone. */
  | { readonly type: 'block_disconnected' }
  /** The network did not take a transaction of the wallet. */
  | { readonly type: 'publish_refused'; readonly txid: Txid; readonly undo: Undo }
  /** It did not take one that nobody waits for, and says that an input of it is unknown or spent. */
  | { readonly type: 'inputs_missing'; readonly txid: Txid }
  /** It waits for a block, and spends an output that somebody here looks at. Nothing of it is proven. */
  | { readonly type: 'spend_seen'; readonly tx: Tx }
  /** The answer to `test_funding`. `refusal`: why the chain would not take it, where it can tell. */
  | { readonly type: 'funding_tested'; readonly link: number; readonly tx: Tx; readonly refusal?: string }
  /** The answer to `check_funding`; `undefined` where the chain has no such output, `unknown` where it cannot say. */
  | {
      readonly type: 'funding_checked'
      readonly shortChannelId: ShortChannelId
      readonly output: FundingOutput | 'unknown' | undefined
    }
  // The store.
  | {
      readonly type: 'archive'
      readonly link: number
      readonly commitmentNumber: number
      readonly records: ReadonlyMap<string, Uint8Array>
    }
  | { readonly type: 'looked_up'; readonly request: number; readonly records: ReadonlyMap<string, Uint8Array> }
  /** The answer to `load_gossip`. */
  | { readonly type: 'gossip_loaded'; readonly load: number; readonly records: ReadonlyMap<string, Uint8Array> }
  /** The answer to `load_storage`: nothing where there is no such record. */
  | { readonly type: 'storage_loaded'; readonly peer: NodeId; readonly blob: Uint8Array | undefined }
  /** A tower has all jobs up to this one. */
  | { readonly type: 'tower_acked'; readonly tower: NodeId; readonly sequence: number }
  /** The answer to `load_oldest`: in the order of the keys. */
  | { readonly type: 'oldest_requests'; readonly keys: readonly string[] }
  // The user. Each `request` is answered once, by `reply` or by what `publish` became.
  | {
      readonly type: 'connect_peer'
      readonly request: number
      readonly nodeId: NodeId
      readonly addresses: readonly PeerAddress[]
    }
  | { readonly type: 'disconnect_peer'; readonly request: number; readonly nodeId: NodeId }
  | {
      readonly type: 'open_channel'
      readonly request: number
      readonly nodeId: NodeId
      readonly capacitySat: Sat
      readonly pushMsat: Msat
      /** To be used before it is confirmed; the peer has to trust us. Default: no. */
      readonly zeroConf?: boolean
      /** Never to be named by where it stands on the chain. Default: no. */
      readonly scidAlias?: boolean
      /** The network is to know of it. Default: it is private. */
      readonly announce?: boolean
      readonly feeratePerKw?: FeeratePerKw
      /** 32 bytes in hex, fresh. */
      readonly temporaryChannelId: ChannelId
      readonly idempotency?: Idempotency
      readonly token?: string
    }
  /** Asked for again, a close with the peer is the same one; with a feerate it is to pay that. */
  | {
      readonly type: 'close_channel'
      readonly request: number
      readonly channelId: ChannelId
      readonly force: boolean
      readonly feeratePerKw?: FeeratePerKw
    }
  | { readonly type: 'new_address'; readonly request: number }
  | {
      readonly type: 'send_onchain'
      readonly request: number
      readonly address: string
      readonly amountSat: Sat | 'all'
      readonly feeratePerKw?: FeeratePerKw
      readonly idempotency?: Idempotency
      readonly token?: string
    }
  | { readonly type: 'payment'; readonly input: PaymentRequest }
  // Time.
  | { readonly type: 'tick' }
  /** The first input after a start. */
  | { readonly type: 'started' }
  /** The queue is empty: sign what the turn brought. */
  | { readonly type: 'end_of_turn' }

/** Carried out in order, once the writes of the turn are durable. */
export type EngineEffect =
  | { readonly type: 'send'; readonly connection: number; readonly bytes: Uint8Array }
  | { readonly type: 'close'; readonly connection: number; readonly reason: string }
  /** Try these in order; `connected` or `dial_failed` follows. */
  | { readonly type: 'dial'; readonly nodeId: NodeId; readonly addresses: readonly PeerAddress[] }
  | {
      readonly type: 'publish'
      readonly tx: Tx
      readonly role: PublishedRole
      /** An unconfirmed one that it pays for. */
      readonly parent?: Tx
      /** Who is told what became of it. */
      readonly request?: number
      /** To be handed back with `publish_refused`. */
      readonly undo?: Undo
    }
  /** Answer with `funding_tested`: whether the chain would take this transaction, which nobody else knows yet. */
  | { readonly type: 'test_funding'; readonly link: number; readonly tx: Tx }
  /** Answer with `archive`: every record under this prefix. */
  | { readonly type: 'load_archive'; readonly link: number; readonly prefix: string; readonly commitmentNumber: number }
  /** Answer with `looked_up`: those of these records that there are. */
  | { readonly type: 'look_up'; readonly request: number; readonly keys: readonly string[] }
  /** Answer with `funding_checked`: what stands at this place of the chain, and whether it is spent. */
  | { readonly type: 'check_funding'; readonly shortChannelId: ShortChannelId }
  /** Answer with `gossip_loaded`: those of these records that there are. */
  | { readonly type: 'load_gossip'; readonly load: number; readonly keys: readonly string[] }
  /** Answer with `storage_loaded`: this record. */
  | { readonly type: 'load_storage'; readonly peer: NodeId; readonly key: string }
  /** Answer with `oldest_requests`: the first so many keys under this prefix, unless there are none. */
  | { readonly type: 'load_oldest'; readonly prefix: string; readonly limit: number }
  /** There is a new job for towers in the store. */
  | { readonly type: 'tower_jobs' }
  | { readonly type: 'reply'; readonly request: number; readonly reply: EngineReply }
  /** For a request whose reply is still to come; not stored. */
  | { readonly type: 'progress'; readonly request: number; readonly progress: PaymentProgress }
  | { readonly type: 'event'; readonly event: NumberedEvent }
  /** Say `tick` at this time, or soon after. */
  | { readonly type: 'wake'; readonly at: number }

export type PublishedRole = Extract<LinkEffect, { type: 'publish' }>['role'] | 'wallet'

export type EngineReply =
  | PaymentReply
  | { readonly type: 'address'; readonly address: string }
  /** Given to the network, or safe and to be given as soon as the chain can be asked. */
  | { readonly type: 'sent'; readonly txid: Txid }
  | { readonly type: 'opened'; readonly channelId: ChannelId; readonly fundingOutpoint: OutPoint }
  | { readonly type: 'failed'; readonly failure: EngineFailure }

/** Why a request came to nothing. */
export interface EngineFailure {
  /** Of the machine that refused it; stable. */
  readonly code: string
  readonly expected: string
  readonly got: string
  readonly section: string
}

export type EngineWrite =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: string }

export interface EngineStep {
  readonly next: EngineState
  readonly writes: readonly EngineWrite[]
  readonly effects: readonly EngineEffect[]
}
