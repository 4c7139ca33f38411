import { describeFailure } from '../failure.ts'
import { done, type Facts, type Outcome } from '../outcome.ts'
import type { ChannelContext, ChannelDurable, FundedChannel, Htlc } from '../types.ts'
import { failFunded } from './failChannel.ts'

// The deadlines of HTLCs (BOLT 2, cltv_expiry_delta selection): past them only the chain can settle.

/** Nobody broke a rule, so it is no failure of an input: the deadline is the cause that the channel keeps. */
export function block(channel: FundedChannel, context: ChannelContext): Outcome {
  const overdue = overdueHtlc(channel.durable, context)
  if (overdue === undefined) return done(channel)
  const reason = describeFailure({ severity: 'fail_channel', ...overdue })
  return { ok: true, value: failFunded(channel, { kind: 'deadline', reason, mayPublishCommitment: true }, context) }
}

/** An HTLC whose deadline has passed, in words. Cost: one pass over the live HTLCs. */
function overdueHtlc(durable: ChannelDurable, context: ChannelContext): Facts | undefined {
  for (const htlc of durable.htlcs) {
    const deadline = deadlineOf(htlc, context)
    if (deadline !== undefined && context.height >= deadline) {
      const offered = htlc.offeredBy === 'local'
      return {
        code: offered ? 'offered_htlc_timed_out' : 'fulfilled_htlc_near_expiry',
        expected: offered
          ? `the peer to remove HTLC ${htlc.id} before height ${deadline}`
          : `the peer to acknowledge the preimage of HTLC ${htlc.id} before height ${deadline}`,
        got: `height ${context.height}; its cltv_expiry is ${htlc.cltvExpiry}`,
        section: 'BOLT 2, cltv_expiry_delta selection',
      }
    }
  }
  return undefined
}

/** The height at which this HTLC takes the channel to the chain, if it can. */
function deadlineOf(htlc: Htlc, context: ChannelContext): number | undefined {
  const { limits } = context
  if (htlc.offeredBy === 'local') {
    // Before it stands on any commitment it cannot reach the chain.
    return htlc.added === 'proposed' ? undefined : htlc.cltvExpiry + limits.timeoutGraceBlocks
  }
  return htlc.resolution?.type === 'fulfill' ? htlc.cltvExpiry - limits.fulfillDeadlineBlocks : undefined
}
