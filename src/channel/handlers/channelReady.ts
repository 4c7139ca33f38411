import { toHex } from '../../base/index.ts'
import { isPublicKey } from '../../crypto/index.ts'
import type { ChannelReady } from '../../wire/index.ts'
import { closeConnection, done, type Outcome } from '../outcome.ts'
import type { ChannelPhase, FundedChannel } from '../types.ts'
import { withDurable } from './withDurable.ts'

/**
 * channel_ready, received: the peer sees the funding as deep enough and gives the point of its commitment 1. It may come
 * before ours; then it is kept. Any further one is redundant and ignored, whatever it says (BOLT 2, message
 * retransmission), but for an alias where none came before.
 */
export function channelReady(channel: FundedChannel, message: ChannelReady): Outcome {
  const { durable } = channel
  const { phase } = durable
  const { secondPerCommitmentPoint: nextPoint, shortChannelId: alias } = message
  const named = alias === undefined || durable.remoteAlias !== undefined ? {} : { remoteAlias: alias }
  if (durable.ready.remote)
    return done('remoteAlias' in named ? withDurable(channel, { ...durable, ...named }) : channel)
  if (!isPublicKey(nextPoint)) {
    return closeConnection({
      code: 'invalid_second_per_commitment_point',
      expected: 'a second_per_commitment_point that is a point of secp256k1, compressed',
      got: toHex(nextPoint),
      section: 'BOLT 2, channel_ready, sender',
    })
  }
  const nextPhase: ChannelPhase = phase.type === 'wait_for_channel_ready' ? { type: 'normal' } : phase
  const next = {
    ...durable,
    ...named,
    phase: nextPhase,
    ready: { ...durable.ready, remote: true },
    remoteCommit: { ...durable.remoteCommit, nextPoint },
  }
  return done(withDurable(channel, next))
}
