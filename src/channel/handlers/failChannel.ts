import { type ChannelId, channelId, utf8Encode } from '../../base/index.ts'
import { republishMutualClose } from '../closing.ts'
import type { Done } from '../outcome.ts'
import type { Channel, ChannelContext, ChannelEffect, CloseCause, FundedChannel } from '../types.ts'
import { signedLocalCommitment } from './signedLocalCommitment.ts'

// Failing a channel (BOLT 1, error and warning; BOLT 5, failing a channel).

/** Bound on the text of our errors and warnings, in bytes. */
const MAX_ERROR_TEXT_LENGTH = 1_000
/** Bound on the reason that is kept with a closed channel, in UTF-16 units. */
const MAX_REASON_LENGTH = 1_000

export function channelIdOf(channel: Channel): ChannelId {
  if ('durable' in channel) return channel.durable.params.channelId
  if (channel.state === 'wait_for_funding_signed') return channel.channelId
  return channel.temporaryChannelId
}

export function errorMessage(channel: Channel, text: string): ChannelEffect {
  const data = utf8Encode(text).subarray(0, MAX_ERROR_TEXT_LENGTH)
  return { type: 'send', message: { type: 'error', channelId: channelIdOf(channel), data } }
}

export function warningMessage(channel: Channel, text: string): ChannelEffect {
  const data = utf8Encode(text).subarray(0, MAX_ERROR_TEXT_LENGTH)
  return { type: 'send', message: { type: 'warning', channelId: channelIdOf(channel), data } }
}

/** A warning that belongs to no channel: its id is all zero (BOLT 1, warning, sender). */
export function connectionWarning(text: string): ChannelEffect {
  const data = utf8Encode(text).subarray(0, MAX_ERROR_TEXT_LENGTH)
  return { type: 'send', message: { type: 'warning', channelId: channelId(new Uint8Array(32)), data } }
}

/**
 * The channel goes on chain: says so to the peer and publishes our commitment transaction, unless we are known to be
 * behind. A channel that is already closing keeps its first cause.
 */
export function failFunded(channel: FundedChannel, cause: CloseCause, context: ChannelContext): Done {
  const tell = channel.session.connection === 'disconnected' ? [] : [errorMessage(channel, cause.reason)]
  return { next: toClosing(channel, cause), effects: [...tell, ...publishCommitment(channel, cause, context)] }
}

export function toClosing(channel: FundedChannel, cause: CloseCause): FundedChannel {
  const { phase } = channel.durable
  if (phase.type === 'closing' || phase.type === 'closed') return channel
  const bounded = { ...cause, reason: boundedReason(cause.reason) }
  return { ...channel, state: 'closing', durable: { ...channel.durable, phase: { type: 'closing', cause: bounded } } }
}

export function boundedReason(reason: string): string {
  return reason.slice(0, MAX_REASON_LENGTH)
}

/**
 * What ends the channel on chain: our commitment, but for a close that both have signed already, which pays the same sooner and
 * cheaper. Only our own caller, who sees that the close does not confirm, may prefer the commitment.
 */
export function publishCommitment(
  channel: FundedChannel,
  cause: CloseCause,
  context: ChannelContext,
): readonly ChannelEffect[] {
  const { phase } = channel.durable
  if (phase.type === 'closed') return []
  const mayPublish = phase.type === 'closing' ? phase.cause.mayPublishCommitment : cause.mayPublishCommitment
  if (!mayPublish) return []
  if (cause.kind !== 'local_force' && channel.durable.mutualCloses.length > 0)
    return republishMutualClose(channel.durable)
  return [{ type: 'publish', role: 'commitment', tx: signedLocalCommitment(channel.durable, context.secrets) }]
}
