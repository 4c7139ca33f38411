import { toHex } from '../../base/index.ts'
import { isPublicKey } from '../../crypto/index.ts'
import type { ChannelReady } from '../../wire/index.ts'
import { closeConnection, done, type Outcome } from '../outcome.ts'
import type { ChannelPhase, FundedChannel } from '../types.ts'
import { withDurable } from './withDurable.ts'

/**
 * channel_ready, received: the peer sees the funding as deep enough and gives the point of its commitment 1. It may come
 * before ours; then it is kept. Any further one is redundant and ignored, whatever it says (BOLT 2, message
 * retransmission). The alias is not used: HTLCs here name the channel by its id.
 */
export function channelReady(channel: FundedChannel, message: ChannelReady): Outcome {
  const { durable } = channel
  const { phase } = durable
  if (durable.ready.remote) return done(channel)
  const { secondPerCommitmentPoint: nextPoint } = message
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
    phase: nextPhase,
    ready: { ...durable.ready, remote: true },
    remoteCommit: { ...durable.remoteCommit, nextPoint },
  }
  return done(withDurable(channel, next))
}
