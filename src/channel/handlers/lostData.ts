import { assert } from '../../base/index.ts'
import { complete } from '../complete.ts'
import { done, type Outcome } from '../outcome.ts'
import type { ChannelStep, FundedChannel } from '../types.ts'
import { disconnected } from './connection.ts'
import { boundedReason } from './failChannel.ts'

/**
 * A channel out of a copy that may be old. Whatever the copy says, a newer commitment may have been signed since, and then the
 * peer can prove it and take everything: so it signs nothing any more, publishes no commitment of its own, and asks its peer to
 * close (BOLT 2, message retransmission). A channel whose end had begun is as it was: nothing can have been signed after that.
 */
export function loseData(channel: FundedChannel, reason: string): ChannelStep {
  const silent = disconnected(channel)
  assert(silent.ok && 'durable' in silent.value.next, 'a connection can always end')
  const { state } = channel
  const next = state === 'closing' || state === 'closed' ? silent.value.next : toLostData(silent.value.next, reason)
  return complete(channel, { next, effects: [] })
}

/** There is proof that more was signed than we know: our commitment is never published, also where the channel is closing already. */
export function toLostData(channel: FundedChannel, reason: string): FundedChannel {
  const cause = { kind: 'data_loss', reason: boundedReason(reason), mayPublishCommitment: false } as const
  return { ...channel, state: 'closing', durable: { ...channel.durable, phase: { type: 'closing', cause } } }
}

/** The chain has the proof. What is closed stays closed, and what is known to be old is. */
export function newerCommitment(channel: FundedChannel, reason: string): Outcome {
  const { phase } = channel.durable
  const isKnown = phase.type === 'closed' || (phase.type === 'closing' && !phase.cause.mayPublishCommitment)
  return done(isKnown ? channel : toLostData(channel, reason))
}
