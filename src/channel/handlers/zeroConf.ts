import type { Done } from '../outcome.ts'
import type { ChannelContext, ChannelPhase, FundedChannel } from '../types.ts'
import { channelReadyMessage } from './fundingDepth.ts'
import { withDurable } from './withDurable.ts'

/**
 * A channel with a `minimum_depth` of 0 is ready without any confirmation: our `channel_ready` goes out at the end of the turn in which
 * it was signed for, or of one on a later connection. Nothing where it is not such a channel, or not the time.
 *
 * Until the funding is confirmed no commitment can be: what the accepter has received over the channel exists on the word of the
 * opener, who can spend the same coins otherwise.
 */
export function readyAtOnce(channel: FundedChannel, context: ChannelContext): Done | undefined {
  const { durable, session } = channel
  const { phase, params, ready } = durable
  if (phase.type !== 'wait_for_funding_confirmed' || params.minimumDepth > 0) return undefined
  if (session.connection !== 'connected') return undefined
  const { type: _type, ...unconfirmed } = phase
  const nextPhase: ChannelPhase = { type: ready.remote ? 'normal' : 'wait_for_channel_ready' }
  const next = withDurable(channel, { ...durable, phase: nextPhase, ready: { ...ready, local: true }, unconfirmed })
  return { next, effects: [{ type: 'send', message: channelReadyMessage(next.durable, context) }] }
}
