import type { BlockHash, Bucket, ChannelId, Msat, NodeId, OutPoint, PMap, Sat, Txid } from '../base/index.ts'
import type {
  ChannelAnnouncement,
  ChannelUpdate,
  FeatureName,
  GossipMessage,
  GossipQueryMessage,
  Message,
  NodeAddress,
  NodeAnnouncement,
  ShortChannelId,
} from '../wire/index.ts'
import type { GossipFailure } from './failure.ts'
import type { Graph } from './graph.ts'
import type { GossipLimits } from './limits.ts'

/** What the node knows of the network, and what it tells of it. The graph and `own` come back from records; the rest is of one run. */
export interface GossipState {
  readonly graph: Graph
  readonly peers: PMap<GossipPeer>
  /** Our channels, by channel_id. */
  readonly own: PMap<OwnChannel>
  /** What a start has read of them, until the floors above tell of the channel. */
  readonly progress: PMap<OwnProgress>
  readonly node: OwnNode | undefined
  /** Our last `node_announcement`, the whole message in lowercase hex. */
  readonly nodeSaid: string | undefined
  /** Announcements that wait for the chain, by short_channel_id. */
  readonly pending: PMap<Pending>
  /** Channels that the chain has refused, and until when they are not asked for again. */
  readonly refused: PMap<number>
  /** Nodes whose keys have leaked (BOLT 7, channel_announcement, receiver). */
  readonly blacklist: PMap<true>
  /** What is to be told on, by the key of its record: a newer message of the same kind takes its place. */
  readonly news: PMap<News>
  readonly nextNews: number
  /** Channels to ask for, with what is wanted of each (BOLT 7, query_flags). */
  readonly wanted: PMap<number>
  /** Whom we are asking for everything, and when the last one had told all. */
  readonly sync: { readonly peer: NodeId | undefined; readonly doneAt: number | undefined }
  readonly nextLoad: number
  readonly prunedAt: number
  /** When all of our channels were last looked at for what time alone brings. */
  readonly ownAt: number
  readonly wakeAt: number | undefined
}

export interface GossipPeer {
  readonly nodeId: NodeId
  /** It has a graph to ask for (BOLT 9, gossip_queries), and understands the flags of queries. */
  readonly offersQueries: boolean
  readonly offersExtended: boolean
  /** We asked it to relay. */
  readonly relays: boolean
  /** Seconds, `end` not included; without it nothing but our own is sent (BOLT 7, gossip_timestamp_filter). */
  readonly filter: { readonly first: number; readonly end: number } | undefined
  /** News up to this number have been sent or were not for it. */
  readonly newsSent: number
  readonly flushAt: number
  /** Its announcements that wait for the chain. */
  readonly checking: number
  /** The channel that it has announced last: its nodes may follow. */
  readonly lastAnnounced: ShortChannelId | undefined
  readonly verifications: Bucket
  readonly bytes: Bucket
  /** What it is to be told, in order. */
  readonly jobs: readonly Job[]
  /** Records that the first job waits for, and what is left of it then. */
  readonly loading:
    | { readonly load: number; readonly keys: readonly string[]; readonly rest: Job | undefined }
    | undefined
  readonly query: Query | undefined
  /** When it was last asked for everything. */
  readonly askedAt: number
}

/** Something to be told to a peer, a few records at a time. */
export type Job =
  | {
      readonly type: 'channels'
      readonly ids: readonly ShortChannelId[]
      readonly flags: readonly number[] | undefined
      /** Each node is told of once in an answer. */
      readonly nodes: ReadonlySet<NodeId>
    }
  | {
      readonly type: 'range'
      /** Where the next reply begins. */
      readonly firstBlock: number
      readonly endBlock: number
      readonly option: bigint
      /** Channels of that block that have been told. */
      readonly told: number
    }
  /** Everything of a span of time: channels by row, then nodes. */
  | {
      readonly type: 'backlog'
      readonly first: number
      readonly end: number
      readonly rows: 'channels' | 'nodes'
      readonly row: number
    }
  | { readonly type: 'news'; readonly keys: readonly string[] }

/** What we asked a peer. */
export type Query =
  | {
      readonly type: 'range'
      readonly since: number
      readonly firstBlock: number
      readonly endBlock: number
      /** Where the next reply may begin at the earliest. */
      readonly reached: number
      readonly replies: number
    }
  | { readonly type: 'channels'; readonly since: number }

export interface Pending {
  readonly announcement: ChannelAnnouncement
  readonly from: NodeId
  /** What came meanwhile, to be looked at when the channel is known: the newest of each direction and node. */
  readonly held: readonly (ChannelUpdate | NodeAnnouncement)[]
}

export interface News {
  readonly number: number
  readonly from: NodeId | undefined
  /** Seconds; our own have none, and go to everybody. */
  readonly timestamp: number | undefined
}

export interface OwnPolicy {
  readonly cltvExpiryDelta: number
  readonly htlcMinimumMsat: Msat
  readonly htlcMaximumMsat: Msat
  readonly feeBaseMsat: Msat
  readonly feeProportionalMillionths: number
}

/** A channel of ours as the floors above know it: told again after each start. */
export interface OwnChannelFacts {
  readonly channelId: ChannelId
  readonly peer: NodeId
  /** `announce_channel` of `open_channel`. */
  readonly isPublic: boolean
  readonly fundingTxid: Txid
  readonly capacitySat: Sat
  /** Compressed keys. */
  readonly localFundingPubkey: Uint8Array
  readonly remoteFundingPubkey: Uint8Array
  /** Of the confirmed funding. */
  readonly shortChannelId?: ShortChannelId
  /** The alias that the peer has given us, for our updates; ours, which its updates may name (BOLT 2, channel_ready). */
  readonly remoteAlias?: ShortChannelId
  readonly localAlias?: ShortChannelId
  /** `channel_ready` was sent and received. */
  readonly isReady: boolean
  /** On this connection both have said where they stand: nothing is said of the channel before (BOLT 2, channel_reestablish). */
  readonly isUp: boolean
  /** `shutdown` was sent or received, or worse. */
  readonly isClosing: boolean
  /** Our user wants nothing to be passed on through it. */
  readonly isDisabled: boolean
  readonly policy: OwnPolicy
}

export interface OwnChannel {
  readonly facts: OwnChannelFacts
  readonly progress: OwnProgress
  /** In this connection. */
  readonly sentSignatures: boolean
  readonly downSince: number | undefined
}

/** What of a channel of ours survives a restart. */
export interface OwnProgress {
  /** Lowercase hex: the peer's half of the announcement, for the channel of this short_channel_id. */
  readonly signatures?: { readonly shortChannelId: string; readonly node: string; readonly bitcoin: string }
  readonly isAnnounced: boolean
  /** Our last update, and the peer's: whole messages in lowercase hex. */
  readonly localUpdate?: string
  readonly remoteUpdate?: string
}

export interface OwnNode {
  /** UTF-8, up to 32 bytes. */
  readonly alias: string
  readonly rgbColor: Uint8Array
  readonly addresses: readonly NodeAddress[]
  readonly features: Uint8Array
}

/** The output that a short_channel_id names. */
export interface FundingOutput {
  readonly txid: Txid
  readonly amountSat: Sat
  readonly scriptPubkey: Uint8Array
  /** The block in which it was spent. */
  readonly spentHeight?: number
}

export type GossipInput =
  | { readonly type: 'peer_up'; readonly peer: NodeId; readonly features: Uint8Array }
  | { readonly type: 'peer_down'; readonly peer: NodeId }
  | { readonly type: 'message'; readonly peer: NodeId; readonly message: GossipMessage | GossipQueryMessage }
  /** The answer to `check_funding`; `undefined` where the chain has no such output, `unknown` where it cannot say. */
  | {
      readonly type: 'funding_checked'
      readonly shortChannelId: ShortChannelId
      readonly output: FundingOutput | 'unknown' | undefined
    }
  /** The answer to `load`: the records that there are, by key. */
  | { readonly type: 'loaded'; readonly load: number; readonly records: ReadonlyMap<string, Uint8Array> }
  /** A block came, which spends these. */
  | { readonly type: 'block'; readonly height: number; readonly spent: readonly OutPoint[] }
  /** The block of this height left the best chain. */
  | { readonly type: 'block_undone'; readonly height: number }
  | { readonly type: 'own_channel'; readonly facts: OwnChannelFacts }
  | { readonly type: 'own_channel_gone'; readonly channelId: ChannelId }
  | { readonly type: 'own_node'; readonly node: OwnNode }
  | { readonly type: 'tick' }

export type GossipEffect =
  | { readonly type: 'send'; readonly peer: NodeId; readonly message: Message }
  /** The peer did what it must not. Severity `close_connection`: warn it, and end the connection. */
  | { readonly type: 'complain'; readonly peer: NodeId; readonly failure: GossipFailure }
  /** Say `funding_checked` with what this output is. */
  | { readonly type: 'check_funding'; readonly shortChannelId: ShortChannelId }
  /** Say `loaded` with these records. */
  | { readonly type: 'load'; readonly load: number; readonly keys: readonly string[] }
  /** Say `tick` then or soon after. */
  | { readonly type: 'wake'; readonly at: number }

export type GossipWrite =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: string }

export interface GossipContext {
  /** Milliseconds since 1970. */
  readonly now: number
  readonly height: number
  readonly chainHash: BlockHash
  readonly nodeId: NodeId
  readonly nodeSecret: Uint8Array
  /** The secret of our key in the funding of a channel. */
  readonly fundingSecret: (id: ChannelId) => Uint8Array | undefined
  /** The names of our features: an even bit beyond them bars a way. */
  readonly supported: readonly FeatureName[]
  readonly limits: GossipLimits
}

export interface GossipStep {
  readonly next: GossipState
  /** In the order in which they are to happen. */
  readonly effects: readonly GossipEffect[]
  readonly writes: readonly GossipWrite[]
  /** Why a message was not taken. */
  readonly refused?: GossipFailure
}
