import { describeFailure } from '../failure.ts'
import { done, type Facts, type Outcome } from '../outcome.ts'
import type { ChannelContext, ChannelDurable, FundedChannel } from '../types.ts'
import { deadlineOf } from './deadline.ts'
import { failUnlessHeld } from './hold.ts'

// The deadlines of HTLCs (BOLT 2, cltv_expiry_delta selection): past them only the chain can settle.

/** Nobody broke a rule, so it is no failure of an input: the deadline is the cause that the channel keeps. */
export function block(channel: FundedChannel, context: ChannelContext): Outcome {
  // What has passed while the node was away, the peer can answer for when it is met.
  if (channel.session.unproven === 'catching_up') return done(channel)
  const overdue = overdueHtlc(channel.durable, context)
  if (overdue === undefined) return done(channel)
  const reason = describeFailure({ severity: 'fail_channel', ...overdue })
  return { ok: true, value: failUnlessHeld(channel, { kind: 'deadline', reason, mayPublishCommitment: true }, context) }
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
