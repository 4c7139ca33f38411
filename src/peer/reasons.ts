export type CloseCode =
  /** Another message than `init` came first. */
  | 'no_init'
  | 'init_timeout'
  /** The peer's features do not fit ours. */
  | 'features'
  /** The peer is on other chains. */
  | 'networks'
  /** Bytes that are no message, or one of an even type that we do not know. */
  | 'undecodable'
  /** A message of an even type that belongs to a feature which was not negotiated. */
  | 'not_negotiated'
  | 'ping_flood'
  | 'wrong_pong'
  | 'ping_timeout'
  /** Another connection with the peer stays. */
  | 'duplicate'
  /** The floor above said so. */
  | 'hang_up'

/** Why we close a connection: a code to act on, and a sentence with the facts. */
export interface CloseReason {
  readonly code: CloseCode
  readonly message: string
}
