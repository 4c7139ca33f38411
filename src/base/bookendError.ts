/** What a program can act on. Stable: a code keeps its meaning, new ones may come. */
export type BookendErrorCode =
  // What was asked makes no sense, or is not possible now.
  | 'bad_request'
  | 'not_found'
  | 'not_possible_now'
  | 'conflict'
  | 'insufficient_funds'
  | 'limit_reached'
  | 'unauthorized'
  | 'forbidden'
  | 'budget_exceeded'
  // Others did not play along.
  | 'peer_unreachable'
  | 'peer_refused'
  | 'payment_failed'
  | 'timeout'
  | 'aborted'
  // This installation.
  | 'chain_unavailable'
  | 'wrong_network'
  | 'wrong_passphrase'
  | 'address_in_use'
  | 'data_directory'
  | 'disk'
  | 'stopped'
  | 'internal'

export interface BookendErrorOptions {
  /** A sentence: what to do about it. */
  readonly advice: string
  /** The facts as values: `expected`, `got`, the BOLT `section`, and whatever else is known. Never a secret. */
  readonly facts?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/** The one error that leaves the library, and what the HTTP API answers with. The message says what is wrong. */
export class BookendError extends Error {
  readonly code: BookendErrorCode
  readonly advice: string
  readonly facts: Readonly<Record<string, string>>

  constructor(code: BookendErrorCode, message: string, { advice, facts = {}, cause }: BookendErrorOptions) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'BookendError'
    this.code = code
    this.advice = advice
    this.facts = facts
  }
}
