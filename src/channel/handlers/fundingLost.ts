import type { Txid } from '../../base/index.ts'
import { done, type Outcome } from '../outcome.ts'
import type { ChannelContext, CloseCause, FundedChannel } from '../types.ts'
import { failFunded } from './failChannel.ts'

/**
 * Something else has spent a coin of our funding, as deep as is irrevocable: no commitment of this channel can ever be valid, so none
 * is published. A channel that ends already keeps its cause. The peer, who may have been paid over it, is told.
 */
export function fundingLost(channel: FundedChannel, by: Txid, context: ChannelContext): Outcome {
  const { phase } = channel.durable
  if (phase.type === 'closing' || phase.type === 'closed') return done(channel)
  const cause: CloseCause = {
    kind: 'deadline',
    reason: `transaction ${by} has spent a coin of the funding transaction, so nothing of this channel will ever be on the chain`,
    mayPublishCommitment: false,
  }
  return { ok: true, value: failFunded(channel, cause, context) }
}
