import type { ChannelDurable, ChannelEffect, FundedChannel, Htlc, Party } from '../types.ts'
import { withDurable } from './withDurable.ts'

/**
 * The channel without the updates that no commitment covers, of either side, and what there is to tell of them. What we decided about
 * the peer's HTLCs stays decided.
 */
export function withoutUncommitted(channel: FundedChannel): [next: FundedChannel, effects: readonly ChannelEffect[]] {
  const { durable } = channel
  if (!hasUncommitted(durable)) return [channel, []]
  const dropped = durable.htlcs.filter(htlc => htlc.added === 'proposed')
  const droppedBy = (party: Party) => dropped.filter(htlc => htlc.offeredBy === party).length
  const next: ChannelDurable = {
    ...durable,
    htlcs: keptHtlcs(durable.htlcs),
    feeUpdates: durable.feeUpdates.filter(update => update.stage !== 'proposed'),
    nextHtlcId: {
      local: durable.nextHtlcId.local - droppedBy('local'),
      remote: durable.nextHtlcId.remote - droppedBy('remote'),
    },
    proposed: [],
  }
  const effects: readonly ChannelEffect[] = dropped
    .filter(htlc => htlc.offeredBy === 'local')
    .map(({ id, paymentHash }) => ({ type: 'event', event: { type: 'htlc_dropped', id, paymentHash } }))
  return [withDurable(channel, next), effects]
}

/** Of either side: `proposed` alone would miss what the peer has not signed for. */
function hasUncommitted({ htlcs, feeUpdates }: ChannelDurable): boolean {
  return (
    htlcs.some(htlc => htlc.added === 'proposed' || isRemovalProposed(htlc)) ||
    feeUpdates.some(update => update.stage === 'proposed')
  )
}

function isRemovalProposed(htlc: Htlc): boolean {
  return htlc.removed === 'proposed'
}

function keptHtlcs(htlcs: readonly Htlc[]): readonly Htlc[] {
  return htlcs
    .filter(htlc => htlc.added !== 'proposed')
    .map(htlc => (isRemovalProposed(htlc) ? withoutRemoval(htlc) : htlc))
}

/** Our own decisions stay, and so does a preimage that the peer told us; a failure of the peer's is taken back. */
function withoutRemoval({ removed: _removed, resolution, ...htlc }: Htlc): Htlc {
  const keep = htlc.offeredBy === 'remote' || resolution?.type === 'fulfill'
  return keep && resolution !== undefined ? { ...htlc, resolution } : htlc
}
