import { assert } from '../../base/index.ts'
import { commitmentPoint, lookupSecret, secretIndex } from '../../keys/index.ts'
import type { ChannelReestablish } from '../../wire/index.ts'
import { type Done, done, type Outcome } from '../outcome.ts'
import type {
  ChannelContext,
  ChannelDurable,
  ChannelEffect,
  ChannelSession,
  FundedChannel,
  NegotiatedFeatures,
} from '../types.ts'
import { errorMessage } from './failChannel.ts'
import { withoutUncommitted } from './uncommitted.ts'

// The end of a connection, and the beginning of the next (BOLT 2, message retransmission).

/**
 * The connection is gone: updates that no commitment covers never happened, for either side; the other side forgets
 * them too. What we decided about the peer's HTLCs stays decided and is sent again. Also the first input after a restart.
 */
export function disconnected(channel: FundedChannel): Outcome {
  return done(...ended(channel))
}

function ended(channel: FundedChannel): [next: FundedChannel, effects: readonly ChannelEffect[]] {
  const [next, effects] = withoutUncommitted(channel)
  const { negotiated, unproven } = channel.session
  const over = { connection: 'disconnected', negotiated } as const
  const session: ChannelSession = unproven === undefined ? over : { ...over, unproven: 'waiting' }
  return [{ ...next, session }, effects]
}

/**
 * A new connection: says where we stand, or repeats what went wrong if the channel has failed. One that replaces another,
 * whose end nobody told, ends it first.
 *
 * Where we have lost data, the peer has to close the channel, and the error alone does not move every implementation to it:
 *
 *     channel_reestablish   with next_commitment_number 0, upon which the peer MUST fail the channel and publish, also where our copy
 *                           happens to be the newest. LND, which does not close on an error, acts on this
 *     error                 the request that BOLT 2 names. Eclair and its kin stand by until it comes
 *
 * In this order, since some take an error that comes first for the end of the exchange.
 */
export function connected(channel: FundedChannel, negotiated: NegotiatedFeatures, context: ChannelContext): Done {
  const [silent, dropped] = ended(channel)
  const { phase } = silent.durable
  if (phase.type === 'closing' || phase.type === 'closed') {
    const next: FundedChannel = { ...silent, session: { ...silent.session, connection: 'connected', negotiated } }
    const plea =
      phase.type === 'closing' && phase.cause.kind === 'data_loss' ? [pleaForClose(silent.durable, context)] : []
    return { next, effects: [...dropped, ...plea, errorMessage(silent, phase.cause.reason)] }
  }
  const next: FundedChannel = { ...silent, session: { ...silent.session, connection: 'reestablishing', negotiated } }
  return { next, effects: [...dropped, { type: 'send', message: reestablishMessage(silent.durable, context) }] }
}

/** Nothing in it is more than the peer knows: the secret is its own, and a point reveals no secret. */
function pleaForClose(durable: ChannelDurable, context: ChannelContext): ChannelEffect {
  return { type: 'send', message: { ...reestablishMessage(durable, context), nextCommitmentNumber: 0 } }
}

function reestablishMessage(durable: ChannelDurable, context: ChannelContext): ChannelReestablish {
  const { localCommit, remoteCommit, remoteSecrets, params } = durable
  const lastSecret =
    remoteCommit.number === 0 ? new Uint8Array(32) : lookupSecret(remoteSecrets, secretIndex(remoteCommit.number - 1))
  assert(lastSecret !== undefined, 'the secret of every revoked commitment is stored')
  return {
    type: 'channel_reestablish',
    channelId: params.channelId,
    nextCommitmentNumber: localCommit.number + 1,
    nextRevocationNumber: remoteCommit.number,
    yourLastPerCommitmentSecret: lastSecret,
    myCurrentPerCommitmentPoint: commitmentPoint(context.secrets, localCommit.number),
  }
}
