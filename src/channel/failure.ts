// What is wrong with an input, as data. One severity says what has to happen; the facts say why.

export type Severity =
  /** A command of our own caller that is not possible now. Nothing happens. */
  | 'reject'
  /** Tell the peer and go on. */
  | 'warn'
  /** Send a `warning` and close the connection; the state stays as it was. */
  | 'close_connection'
  /** Send an `error`; a funded channel publishes its commitment transaction, an opening one is forgotten. */
  | 'fail_channel'

export interface ChannelFailure {
  readonly severity: Severity
  /** Stable, for programs. */
  readonly code: string
  /** In words: what the rule wants. */
  readonly expected: string
  /** In words and figures: what came. */
  readonly got: string
  /** The document and section with the rule, such as `BOLT 2, update_add_htlc, receiver`. */
  readonly section: string
}

/** The sentence for people and for the `data` field of `error` and `warning`. */
export function describeFailure(failure: ChannelFailure): string {
  return `${failure.code}: expected ${failure.expected}, got ${failure.got} (${failure.section})`
}
