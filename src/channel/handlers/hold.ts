import type { Done } from '../outcome.ts'
import type { ChannelContext, CloseCause, FundedChannel, Htlc } from '../types.ts'
import { deadlineOf } from './deadline.ts'
import { errorMessage, failFunded, publishCommitment, toClosing } from './failChannel.ts'

// A node may have been started on an old image of its disk and not know it. Its commitment is revoked then, and publishing it loses
// the whole channel (BOLT 2, message retransmission). The peer's channel_reestablish would say so; what ends the channel before one
// has come since the start is held: the peer is told, and publishes its own commitment, which is as good an end.

/** As `failFunded`, but our commitment waits where nobody has confirmed that it is the newest. */
export function failUnlessHeld(channel: FundedChannel, cause: CloseCause, context: ChannelContext): Done {
  if (!isHeldBack(channel)) return failFunded(channel, cause, context)
  const tell = channel.session.connection === 'disconnected' ? [] : [errorMessage(channel, cause.reason)]
  return { next: held(channel, cause, context), effects: tell }
}

/** A close that both have signed is the newest that there is: nothing was signed after it. */
export function isHeldBack({ session, durable }: FundedChannel): boolean {
  return session.unproven !== undefined && durable.mutualCloses.length === 0
}

export function held(channel: FundedChannel, cause: CloseCause, context: ChannelContext): FundedChannel {
  const next = toClosing(channel, cause)
  const { phase } = next.durable
  if (phase.type !== 'closing' || phase === channel.durable.phase) return next
  return { ...next, durable: { ...next.durable, phase: { ...phase, heldUntil: holdEnd(channel, context) } } }
}

/** Each HTLC that the chain would have to settle has a say: it cannot wait as long as the rest of the channel. */
function holdEnd({ durable }: FundedChannel, context: ChannelContext): number {
  const ends = durable.htlcs.flatMap(htlc => {
    const deadline = deadlineOf(htlc, context)
    return deadline === undefined ? [] : [htlcHoldEnd(htlc, Math.max(deadline, context.height), context)]
  })
  return Math.min(context.height + context.limits.unprovenHoldBlocks, ...ends)
}

/** Where we have to be before its expiry, at most half of the blocks that are left are waited; none of them once it has expired. */
function htlcHoldEnd({ offeredBy, cltvExpiry }: Htlc, from: number, { limits }: ChannelContext): number {
  const left =
    offeredBy === 'remote' && cltvExpiry > from ? Math.ceil((cltvExpiry - from) / 2) : Number.POSITIVE_INFINITY
  return from + Math.min(limits.unprovenHtlcHoldBlocks, left)
}

/** Nothing holds our commitment any more: it is published. */
export function release(channel: FundedChannel, context: ChannelContext): Done {
  const { durable } = channel
  if (durable.phase.type !== 'closing' || durable.phase.heldUntil === undefined) return { next: channel, effects: [] }
  const { cause } = durable.phase
  const next: FundedChannel = { ...channel, durable: { ...durable, phase: { type: 'closing', cause } } }
  return { next, effects: publishCommitment(next, cause, context) }
}

/** Whether the wait of a closing channel is over: the peer had its time since we are there. */
export function isDue({ session, durable: { phase } }: FundedChannel, height: number): boolean {
  if (session.unproven === 'catching_up' || phase.type !== 'closing') return false
  return phase.heldUntil !== undefined && height >= phase.heldUntil
}
