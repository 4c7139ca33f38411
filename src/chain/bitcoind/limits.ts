/** What one bitcoind may cost us, in time and in memory. */
export interface BitcoindLimits {
  /** For one exchange, from the connection to the last byte of the answer. */
  readonly timeoutMs: number
  /** How often a read is asked at most, where nobody answers. */
  readonly attempts: number
  /** Before the second attempt; each further pause is four times as long. */
  readonly firstPauseMs: number
  /** Exchanges at once. Core has four threads for them by default (`-rpcthreads`). */
  readonly concurrent: number
  /** Of one answer. A block has at most 4,000,000 bytes (BIP 141), each of them two digits. */
  readonly answerBytes: number
  /** Blocks whose transactions are known by their ids: some 300 kB each where they are full. */
  readonly blocksKept: number
}

export const DEFAULT_BITCOIND_LIMITS: BitcoindLimits = {
  timeoutMs: 30_000,
  attempts: 3,
  firstPauseMs: 100,
  concurrent: 4,
  answerBytes: 8_100_000,
  blocksKept: 16,
}

/** How often the tip is asked for while someone listens. Blocks of regtest come when someone wants them. */
export const POLL_MS = { regtest: 500, others: 5000 } as const
/**
 * How often it is asked for beside notifications of new blocks. One that is lost costs as long as this, and no block: an hour of blocks
 * would do harm, half a minute is a twentieth of one block.
 */
export const NOTIFIED_POLL_MS = 30_000
