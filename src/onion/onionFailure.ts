import { sha256 } from '../crypto/index.ts'
import { type FailureMessage, failureCode } from './failureMessages.ts'

/** Why an onion that came with an HTLC is refused, and in which of the two messages the peer is told (BOLT 2, removing an HTLC). */
export type OnionFailure = MalformedOnion | RefusedOnion

/** For `update_fail_malformed_htlc`: without a shared secret nothing can be encrypted for the origin, so the peer does it. */
export interface MalformedOnion {
  readonly type: 'malformed'
  /** With the BADONION flag. */
  readonly failureCode: number
  readonly sha256OfOnion: Uint8Array
  /** For our own log; the peer is told the code alone. */
  readonly message: string
}

/** For `update_fail_htlc`, by `buildFailure`. */
export interface RefusedOnion {
  readonly type: 'encrypted'
  readonly failure: FailureMessage
  readonly sharedSecret: Uint8Array
  /** For our own log. */
  readonly message: string
}

type MalformedName = 'invalid_onion_version' | 'invalid_onion_hmac' | 'invalid_onion_key' | 'invalid_onion_blinding'

export function malformed(name: MalformedName, packet: Uint8Array, message: string): MalformedOnion {
  return { type: 'malformed', failureCode: failureCode(name), sha256OfOnion: sha256(packet), message }
}
