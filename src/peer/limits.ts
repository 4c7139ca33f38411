// Every bound of a peer, with its name. Times are in milliseconds.

export interface PeerLimits {
  /** From the connection to the peer's `init`. */
  readonly initTimeoutMs: number
  /** A line on which nothing was heard for so long is asked for a sign of life. */
  readonly pingIntervalMs: number
  /** The connection is closed when nothing at all is heard for so long after a ping. */
  readonly pingTimeoutMs: number
  /** The same, where a second connection makes us doubt the first. */
  readonly probeTimeoutMs: number
  /** While no ping waits for its answer, the time at which something was heard is kept no more exactly than this. */
  readonly heardGrainMs: number
  /** Pings that are answered in one interval; one more closes the connection (BOLT 1, ping and pong: latitude is given). */
  readonly maxPingsPerInterval: number
  readonly pingFloodIntervalMs: number
  /** The shortest and the longest time from a failure to the next dial. */
  readonly minBackoffMs: number
  readonly maxBackoffMs: number
  /** A line that was up for so long was a good one: the back-off starts from its bottom again. */
  readonly stableAfterMs: number
  /** Addresses that are kept of a peer. */
  readonly maxAddresses: number
}

export const DEFAULT_PEER_LIMITS: PeerLimits = {
  initTimeoutMs: 30_000,
  pingIntervalMs: 30_000,
  pingTimeoutMs: 20_000,
  probeTimeoutMs: 5_000,
  heardGrainMs: 1_000,
  maxPingsPerInterval: 60,
  pingFloodIntervalMs: 60_000,
  minBackoffMs: 1_000,
  maxBackoffMs: 300_000,
  stableAfterMs: 60_000,
  maxAddresses: 8,
}
