/** The bounds on everything that a caller can grow or hold open. */
export interface ApiLimits {
  readonly maxBodyBytes: number
  /** Path and query together. */
  readonly maxUrlLength: number
  /** All headers together. */
  readonly maxHeaderBytes: number
  readonly maxConnections: number
  /** Headers that have not arrived by then are given up. */
  readonly headersTimeoutMs: number
  /** A request that has not arrived whole by then is given up. How long an answer takes is not bounded: a payment takes its time. */
  readonly requestTimeoutMs: number
  /** A connection without a request is closed after it. */
  readonly idleTimeoutMs: number
  readonly maxEventStreams: number
  /** An event stream says at least this often that it is alive. */
  readonly heartbeatMs: number
  /** What waits for a reader of events that does not read; then the node reads on no further for it. */
  readonly maxEventBytesWaiting: number
  /** A reader that has not read on for so long while something waits is dropped. It may resume where it was. */
  readonly slowReaderMs: number
  /** Answers under way have this long to go out when the API closes. */
  readonly closingGraceMs: number
}

export const DEFAULT_API_LIMITS: ApiLimits = {
  maxBodyBytes: 64 * 1024,
  maxUrlLength: 2048,
  maxHeaderBytes: 16 * 1024,
  maxConnections: 256,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  idleTimeoutMs: 60_000,
  maxEventStreams: 64,
  heartbeatMs: 15_000,
  maxEventBytesWaiting: 64 * 1024,
  slowReaderMs: 30_000,
  closingGraceMs: 2000,
}
