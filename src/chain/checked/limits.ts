/** What servers that are not trusted may cost us, in time and in memory. */
export interface CheckedLimits {
  /** For one exchange, from the connection to the last byte of the answer. */
  readonly timeoutMs: number
  /** Exchanges at once. */
  readonly concurrent: number
  /** Of one answer. */
  readonly answerBytes: number
  /** How often all servers are asked at most, where none answers. */
  readonly attempts: number
  /** Before the second attempt; each further pause is four times as long. */
  readonly firstPauseMs: number
  /** A server that lied is asked last for so long, and its word alone is not taken. */
  readonly asideMs: number
  /** How far below a tip two servers may part. More is no fork but another chain. */
  readonly forkDepth: number
  /** How far above all that is known a tip may be: each header of it would be asked for. */
  readonly blocksAhead: number
  /** A server this many blocks below the best tip is told of. */
  readonly blocksBehind: number
  /** Below the lowest header that is known, so many more are fetched before a short_channel_id is looked up; older ones are not linked. */
  readonly headersForPlace: number
}

export const DEFAULT_CHECKED_LIMITS: CheckedLimits = {
  timeoutMs: 10_000,
  concurrent: 4,
  // A block has at most 4,000,000 bytes (BIP 141).
  answerBytes: 4_000_000,
  attempts: 3,
  firstPauseMs: 250,
  asideMs: 10 * 60_000,
  forkDepth: 2016,
  blocksAhead: 100_000,
  blocksBehind: 3,
  headersForPlace: 2016,
}

/** How often the tips are asked for while someone listens. Public servers count what they are asked. */
export const POLL_MS = { regtest: 500, others: 15_000 } as const
