import { unreachable } from '../base/index.ts'
import type { Htlc, Party, UpdateStage } from './types.ts'

// How an update travels (BOLT 2, normal operation). Its sender S proposes it to its receiver R:
//
//        S                               R
//        |--(1)------ update_ ---------->|   proposed       on no commitment
//        |--(2)-- commitment_signed ---->|   signed         on R's latest
//        |<-(3)--- revoke_and_ack -------|   acknowledged   on R's only, its previous one is revoked
//        |<-(4)-- commitment_signed -----|   countersigned  and on S's latest
//        |--(5)--- revoke_and_ack ------>|   irrevocable    and on S's only
//
// The adding and the removing of an HTLC are two such updates, a fee change is one. What a commitment holds follows from
// the stages alone, for either side, by the same code.

const RANK: Readonly<Record<UpdateStage, number>> = {
  proposed: 0,
  signed: 1,
  acknowledged: 2,
  countersigned: 3,
  irrevocable: 4,
}

/**
 * Which commitment of a holder is meant.
 * `next`: what a signature given now would cover. `latest`: the newest that is signed. `previous`: the one before it,
 * which the holder has not revoked yet; it differs from `latest` only while a revocation is awaited.
 */
export type WhichCommitment = 'next' | 'latest' | 'previous'

/** Whether a commitment of `holder` reflects an update of `sender` at this stage. */
export function reflects(
  stage: UpdateStage,
  update: { readonly sender: Party; readonly holder: Party; readonly which: WhichCommitment },
): boolean {
  const offset = update.sender === update.holder ? 2 : 0
  switch (update.which) {
    case 'next':
      return RANK[stage] >= offset
    case 'latest':
      return RANK[stage] >= offset + 1
    case 'previous':
      return RANK[stage] >= offset + 2
    default:
      return unreachable(update.which)
  }
}

/** `by` signs the other side's commitment: its own proposals are on it, and what it acknowledged comes back. */
export function afterCommit(stage: UpdateStage, sender: Party, by: Party): UpdateStage {
  if (sender === by) return stage === 'proposed' ? 'signed' : stage
  return stage === 'acknowledged' ? 'countersigned' : stage
}

/** `by` revokes its previous commitment: it has no commitment left without what the other side signed. */
export function afterRevoke(stage: UpdateStage, sender: Party, by: Party): UpdateStage {
  if (sender !== by) return stage === 'signed' ? 'acknowledged' : stage
  return stage === 'countersigned' ? 'irrevocable' : stage
}

export function otherParty(party: Party): Party {
  return party === 'local' ? 'remote' : 'local'
}

/** Whether the HTLC stands on a commitment of `holder`: added there and not removed there. */
export function standsOn(htlc: Htlc, holder: Party, which: WhichCommitment): boolean {
  return reflects(htlc.added, { sender: htlc.offeredBy, holder, which }) && !isRemovedFrom(htlc, holder, which)
}

export function isRemovedFrom(htlc: Htlc, holder: Party, which: WhichCommitment): boolean {
  return htlc.removed !== undefined && reflects(htlc.removed, { sender: otherParty(htlc.offeredBy), holder, which })
}
