/** Every bound of the node as a whole, with its name. Those of a channel, a peer, the payments and the wallet are in their rooms. */
export interface EngineLimits {
  /** Channels of one peer that are being opened, by either side. */
  readonly maxUnfundedPerPeer: number
  /** The same over all peers with which we have no funded channel. */
  readonly maxUnfundedOfStrangers: number
  /** How long a channel that failed before its funding was seen is kept, in milliseconds: longer than one that waits for it. */
  readonly failedOpeningMs: number
  /** Funded channels with one peer. */
  readonly maxChannelsPerPeer: number
  /** Connections that are open at once, with whomever. */
  readonly maxConnections: number
  /** Events that the log keeps: the oldest go. */
  readonly maxEvents: number
  /** Of those, what one peer may bring about in an hour by what it says and by its coming and going. */
  readonly maxPeerEventsPerHour: number
  /**
   * How long a call with an idempotency key is remembered, in milliseconds: who repeats it later may have it carried out twice, unless it
   * pays an invoice. A count would forget sooner the busier the node is.
   */
  readonly requestsKeptMs: number
  /** Of those, how many are forgotten in one commit. */
  readonly maxRequestsForgotten: number
  /**
   * Without a new block for so long, in milliseconds, the chain is taken to stand still: nothing is received. On Bitcoin it happens
   * by chance once in 160,000 blocks.
   */
  readonly maxTipAgeMs: number
  /** For so many blocks the chain has to say that it has no inputs for a transaction of the wallet, until that is given up. */
  readonly lostInputBlocks: number
  /** How long what others say of the network waits for a commit that comes anyhow, in milliseconds, and how many records of it. */
  readonly unsavedMs: number
  readonly maxUnsaved: number
  /** Private channels that an invoice names. */
  readonly maxRouteHints: number
  /** Onion messages that go on from one peer, and those to one; the peers without a channel count as one. So many at once are let through, */
  readonly maxOnionMessagesAtOnce: number
  /** and then as many a second. */
  readonly onionMessagesPerSecond: number
  /** The longest packet of theirs that goes on: the larger of the two lengths of BOLT 4, onion messages. */
  readonly maxOnionMessageBytes: number
  /** Peers that get a new list of our channels at once, and how long the next ones wait then, in milliseconds. */
  readonly storageListsAtOnce: number
  readonly storagePauseMs: number
  /** What we keep for a peer is written no more often than that, in milliseconds (BOLT 1: no more than once a minute). */
  readonly storageIntervalMs: number
  /** And kept for so many blocks after its last channel. */
  readonly storageKeptBlocks: number
  /** Blocks whose hashes are kept: a reorganisation that is deeper needs a new scan. */
  readonly maxReorgDepth: number
}

export const DEFAULT_ENGINE_LIMITS: EngineLimits = {
  maxUnfundedPerPeer: 4,
  maxUnfundedOfStrangers: 50,
  failedOpeningMs: 21 * 24 * 3_600_000,
  maxChannelsPerPeer: 100,
  maxConnections: 1_000,
  maxEvents: 100_000,
  maxPeerEventsPerHour: 60,
  requestsKeptMs: 30 * 24 * 3_600_000,
  maxRequestsForgotten: 500,
  maxTipAgeMs: 2 * 3_600_000,
  lostInputBlocks: 6,
  unsavedMs: 1_000,
  maxUnsaved: 2_000,
  maxRouteHints: 3,
  maxOnionMessagesAtOnce: 50,
  onionMessagesPerSecond: 10,
  maxOnionMessageBytes: 32_834,
  storageListsAtOnce: 8,
  storagePauseMs: 1_000,
  storageIntervalMs: 60_000,
  storageKeptBlocks: 2_016,
  maxReorgDepth: 144,
}

/**
 * A node that began at the tip would know no block that stands where that one leaves the chain: it could not tell where the branches
 * part, nor see the coins that the other branch has below. Six blocks are what counts as final elsewhere.
 */
export const BLOCKS_BELOW_FIRST_TIP = 6
