/** Bounds on everything that others can make grow, and the times of BOLT 7. Times are in milliseconds where nothing else is said. */
export interface GossipLimits {
  /** Confirmations before a channel is announced or believed, and how many blocks behind we may be (BOLT 7, channel_announcement). */
  readonly minConfirmations: number
  readonly confirmationSlack: number
  /** A channel whose older update is older than this goes (BOLT 7, pruning stale entries). */
  readonly staleAfterSeconds: number
  /** How far ahead of our clock a timestamp may be. */
  readonly maxAheadSeconds: number
  /** A channel goes so many blocks after its funding was spent: until then it may live on as a splice (BOLT 7). */
  readonly spentDelayBlocks: number
  /** Bytes behind the fields that we know: a longer message is not kept. */
  readonly maxUnknownBytes: number
  /** Updates in a row for one direction, announcements in a row for one node, and the hours after which one more is allowed. */
  readonly burstOfUpdates: number
  readonly hoursForUpdate: number
  readonly maxChannels: number
  /** Announcements that wait for an answer of the chain, overall and from one peer. */
  readonly maxPending: number
  readonly maxPendingOfPeer: number
  /** Channels that the chain has refused, and how long they are not asked for again. */
  readonly maxRefused: number
  readonly refusedForMs: number
  readonly maxBlacklisted: number
  /** Signatures of a peer that are verified: at once, and in a second from then on. What we asked for comes on top. */
  readonly verificationsAtOnce: number
  readonly verificationsPerSecond: number
  /** Bytes of others' gossip that are sent to a peer: at once, and in a second from then on. */
  readonly bytesAtOnce: number
  readonly bytesPerSecond: number
  /** Channels whose records are loaded at once to answer a query, channels in one of ours, and those of a query that is answered. */
  readonly channelsInLoad: number
  readonly channelsInQuery: number
  readonly maxChannelsInQuery: number
  /** Channels in one `reply_channel_range`: with timestamps and checksums 24 bytes each, in 65,535. */
  readonly channelsInReply: number
  /** Replies to one query of ours, and channels that we want to ask for. */
  readonly maxReplies: number
  readonly maxWanted: number
  /** Peers that we ask to relay gossip to us. */
  readonly relayingPeers: number
  /** How long a query of ours may make no progress, and how long until the next peer is asked for everything. */
  readonly queryTimeoutMs: number
  readonly resyncMs: number
  /** Between two flushes to a peer (BOLT 7, rebroadcasting). */
  readonly flushMs: number
  readonly maxNews: number
  readonly pruneMs: number
  /** How often our own channels are looked at for what time alone brings. */
  readonly ownMs: number
  /** A peer that is away for so long makes our side of the channel disabled. */
  readonly disableAfterMs: number
  /** Our own announcements are made again before others take them for stale. */
  readonly refreshAfterSeconds: number
}

export const DEFAULT_GOSSIP_LIMITS: GossipLimits = {
  minConfirmations: 6,
  confirmationSlack: 1,
  staleAfterSeconds: 1_209_600,
  maxAheadSeconds: 86_400,
  spentDelayBlocks: 72,
  maxUnknownBytes: 256,
  burstOfUpdates: 10,
  hoursForUpdate: 1,
  maxChannels: 500_000,
  maxPending: 5_000,
  maxPendingOfPeer: 1_000,
  maxRefused: 20_000,
  refusedForMs: 3_600_000,
  maxBlacklisted: 1_000,
  verificationsAtOnce: 2_000,
  verificationsPerSecond: 50,
  bytesAtOnce: 1_000_000,
  bytesPerSecond: 100_000,
  channelsInLoad: 50,
  channelsInQuery: 500,
  maxChannelsInQuery: 8_000,
  channelsInReply: 2_500,
  maxReplies: 1_000,
  maxWanted: 500_000,
  relayingPeers: 5,
  queryTimeoutMs: 60_000,
  resyncMs: 3_600_000,
  flushMs: 60_000,
  maxNews: 10_000,
  pruneMs: 600_000,
  ownMs: 60_000,
  disableAfterMs: 600_000,
  refreshAfterSeconds: 604_800,
}
