// Mistakes in the specification itself, planted by the tests of the exploration, which has to find each of them, and by nothing else.
import type { Party, Side } from './spec.ts'

export type Fault =
  | 'signs while a revocation is awaited'
  | 'forgets signed updates at reestablish'
  | 'forgets decisions at reestablish'
  | 'sends again in the wrong order'
  | 'reveals the secret before the store'
  | 'forgets that it signed'
  | 'fulfils before it is irrevocable'
  | 'keeps uncommitted updates of the peer'
  | 'ends an HTLC when its removal is acknowledged'
  | 'publishes what it has revoked'

/** A process that remembers all but its last signature: the fault of that name. */
export function withoutSignature(side: Side, me: Party): Side {
  const unsigned = side.htlcs.map(htlc => ({
    ...htlc,
    added: htlc.by === me && htlc.added === 1 ? (0 as const) : htlc.added,
    removed: htlc.by !== me && htlc.removed === 1 ? (0 as const) : htlc.removed,
  }))
  return { ...side, htlcs: unsigned, awaiting: false }
}
