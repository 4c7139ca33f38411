import type { ChannelContext, Htlc } from '../types.ts'

/** The height at which this HTLC takes the channel to the chain, if it can. */
export function deadlineOf(htlc: Htlc, { limits }: Pick<ChannelContext, 'limits'>): number | undefined {
  if (htlc.offeredBy === 'local') {
    // Before it stands on any commitment it cannot reach the chain.
    return htlc.added === 'proposed' ? undefined : htlc.cltvExpiry + limits.timeoutGraceBlocks
  }
  return htlc.resolution?.type === 'fulfill' ? htlc.cltvExpiry - limits.fulfillDeadlineBlocks : undefined
}
