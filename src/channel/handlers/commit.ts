import { assert } from '../../base/index.ts'
import { buildHtlcTx, type CommitmentTx, signCommitment, signHtlcTx } from '../../commitment/index.ts'
import { deriveSecretKey } from '../../keys/index.ts'
import type { CommitmentSigned } from '../../wire/index.ts'
import { remoteCommitmentTx } from '../contents.ts'
import type { Done } from '../outcome.ts'
import type { ChannelContext, ChannelDurable, ChannelEffect, FundedChannel, Htlc } from '../types.ts'
import { afterCommit, isRemovedFrom, standsOn } from '../updates.ts'
import { advance } from './advance.ts'
import { mayUpdate } from './mayUpdate.ts'
import { withDurable } from './withDurable.ts'

// commitment_signed, sent. Asked for at the end of each turn, so that all updates of a turn share one signature; while a
// revocation is awaited nothing is signed, and what gathers meanwhile goes into the next one.

/** Whether the peer's commitment lacks something that a signature now would bring it. */
export function hasChangesForRemote(durable: ChannelDurable): boolean {
  const acknowledged = (stage: string | undefined) => stage === 'acknowledged'
  return (
    durable.proposed.length > 0 ||
    durable.htlcs.some(htlc => (htlc.offeredBy === 'remote' ? acknowledged(htlc.added) : acknowledged(htlc.removed))) ||
    (durable.params.role === 'accepter' && durable.feeUpdates.some(update => acknowledged(update.stage)))
  )
}

/** Cost: 1 + n signatures for n untrimmed HTLCs, and their n transactions. Nothing to sign is not an error. */
export function commit(channel: FundedChannel, context: ChannelContext): Done {
  const { durable } = channel
  const { remoteCommit } = durable
  const may = mayUpdate(channel) && remoteCommit.awaitingRevocation === undefined
  if (!may || !hasChangesForRemote(durable)) {
    return { next: channel, effects: [] }
  }
  const number = remoteCommit.number + 1
  const advanced = advance(durable, afterCommit, 'local')
  assert(advanced.effects.length === 0, 'signing makes nothing irrevocable')
  const signed: ChannelDurable = {
    ...advanced.durable,
    htlcs: advanced.durable.htlcs.map(htlc => markRemote(htlc, number)),
    remoteCommit: { ...remoteCommit, awaitingRevocation: durable.proposed },
    proposed: [],
    lastSent: 'commitment_signed',
  }
  const effects: readonly ChannelEffect[] = durable.proposed.flatMap(ref =>
    ref.type === 'add' ? [{ type: 'event', event: { type: 'htlc_signed', id: ref.id } } as const] : [],
  )
  return {
    next: withDurable(channel, signed),
    effects: [{ type: 'send', message: commitmentSignedMessage(signed, context) }, ...effects],
  }
}

/** The peer's newest commitment, signed. Deterministic: asked again, it gives the same bytes. */
export function commitmentSignedMessage(durable: ChannelDurable, context: ChannelContext): CommitmentSigned {
  const commitment = remoteCommitmentTx(durable, 'latest')
  return {
    type: 'commitment_signed',
    channelId: durable.params.channelId,
    signature: signCommitment(commitment, context.secrets.fundingSecret),
    htlcSignatures: htlcSignatures(durable, commitment, context),
    fundingTxid: durable.params.fundingOutpoint.txid,
  }
}

function htlcSignatures(
  durable: ChannelDurable,
  commitment: CommitmentTx,
  context: ChannelContext,
): readonly Uint8Array[] {
  if (commitment.htlcs.length === 0) return []
  const { nextPoint } = durable.remoteCommit
  assert(nextPoint !== undefined, 'a signed next commitment has its point')
  const secret = deriveSecretKey(
    context.secrets.htlcBasepointSecret,
    nextPoint,
    durable.params.local.basepoints.htlcBasepoint,
  )
  return commitment.htlcs.map(output => signHtlcTx(buildHtlcTx(commitment, output), 'counterparty', secret))
}

/** Notes on which of the peer's commitments the HTLC stands, for the day on which one of them is published again. */
function markRemote(htlc: Htlc, number: number): Htlc {
  if (htlc.remoteFrom === undefined && standsOn(htlc, 'remote', 'latest')) return { ...htlc, remoteFrom: number }
  if (htlc.remoteUntil === undefined && isRemovedFrom(htlc, 'remote', 'latest')) return { ...htlc, remoteUntil: number }
  return htlc
}
