import { unreachable } from '../../base/index.ts'
import { addHtlc, updateAddHtlc } from '../handlers/addHtlc.ts'
import { block } from '../handlers/block.ts'
import { bumpClose } from '../handlers/bumpClose.ts'
import { channelReady } from '../handlers/channelReady.ts'
import { closingComplete } from '../handlers/closingComplete.ts'
import { closingSig } from '../handlers/closingSig.ts'
import { closingSigned } from '../handlers/closingSigned.ts'
import { commit } from '../handlers/commit.ts'
import { commitmentSigned } from '../handlers/commitmentSigned.ts'
import { connected, disconnected } from '../handlers/connection.ts'
import { forceClose, peerError, peerWarning } from '../handlers/forceClose.ts'
import { fundingDepth, fundingTimeout, republishFunding, unconfirmedTooLong } from '../handlers/fundingDepth.ts'
import { fundingLost } from '../handlers/fundingLost.ts'
import { fundingSpent } from '../handlers/fundingSpent.ts'
import { isDue, release } from '../handlers/hold.ts'
import { newerCommitment } from '../handlers/lostData.ts'
import { channelReestablish, reestablishClosing } from '../handlers/reestablish.ts'
import { removeHtlc, resolveHtlc } from '../handlers/removeHtlc.ts'
import { resolved } from '../handlers/resolved.ts'
import { revokeAndAck } from '../handlers/revokeAndAck.ts'
import { shutdownCommand, shutdownMessage } from '../handlers/shutdown.ts'
import { advanceClosing } from '../handlers/startClosing.ts'
import { updateFee, updateFeeCommand } from '../handlers/updateFee.ts'
import { readyAtOnce } from '../handlers/zeroConf.ts'
import { closeConnection, done, type Outcome, reject } from '../outcome.ts'
import type {
  ChannelContext,
  ChannelInput,
  ChannelPhase,
  FundedChannel,
  NegotiatedFeatures,
  PeerMessage,
} from '../types.ts'

// The switchboard of a funded channel: which handler answers which input in which phase.

type Phase = ChannelPhase['type']

/** Of these, `shutting_down` may also come before `channel_ready`. */
const UPDATING: readonly Phase[] = ['normal', 'shutting_down']

/** In which phases a message has a meaning; anywhere else it is unexpected. */
const EXPECTED: Readonly<Partial<Record<PeerMessage['type'], readonly Phase[]>>> = {
  channel_ready: ['wait_for_funding_confirmed', 'wait_for_channel_ready', 'normal', 'shutting_down', 'negotiating'],
  update_add_htlc: UPDATING,
  update_fulfill_htlc: UPDATING,
  update_fail_htlc: UPDATING,
  update_fail_malformed_htlc: UPDATING,
  update_fee: UPDATING,
  commitment_signed: UPDATING,
  revoke_and_ack: UPDATING,
  shutdown: ['wait_for_funding_confirmed', 'wait_for_channel_ready', 'normal', 'shutting_down', 'negotiating'],
  closing_signed: ['negotiating'],
  closing_complete: ['negotiating'],
  closing_sig: ['negotiating'],
}

export function stepFunded(channel: FundedChannel, input: ChannelInput, context: ChannelContext): Outcome {
  const outcome = answer(channel, input, context)
  return outcome.ok ? followUp(outcome, context) : outcome
}

function answer(channel: FundedChannel, input: ChannelInput, context: ChannelContext): Outcome {
  switch (input.type) {
    case 'message':
      return message(channel, input.message, context)
    case 'disconnected':
      return disconnected(channel)
    case 'connected':
      return onConnected(channel, input.negotiated, context)
    case 'block':
      return onBlock(channel, context)
    case 'funding_depth':
      return fundingDepth(channel, input, context)
    case 'funding_lost':
      return fundingLost(channel, input.by, context)
    case 'funding_spent':
      return fundingSpent(channel, input.tx)
    case 'newer_commitment':
      return newerCommitment(channel, input.reason)
    case 'resolved':
      return resolved(channel)
    case 'funding_transaction':
    case 'cancel_open':
      return rejectCommand(channel, input.type, 'a channel that is opening')
    default:
      return command(channel, input, context)
  }
}

/** Where we stand, and what the world may have forgotten while nobody was watching. */
function onConnected(channel: FundedChannel, negotiated: NegotiatedFeatures, context: ChannelContext): Outcome {
  const { next, effects } = connected(channel, negotiated, context)
  return done(next, [...effects, ...republishFunding(channel.durable)])
}

/** With each block: a funding that never came is forgotten, an HTLC that is overdue takes the channel to the chain. */
function onBlock(channel: FundedChannel, context: ChannelContext): Outcome {
  const { phase } = channel.durable
  if (isDue(channel, context.height)) return { ok: true, value: release(channel, context) }
  if (phase.type === 'closing' || phase.type === 'closed') return done(channel)
  if (phase.type === 'wait_for_funding_confirmed') return fundingTimeout(channel, context)
  const late = unconfirmedTooLong(channel, context)
  return late === undefined ? block(channel, context) : { ok: true, value: late }
}

type OpenCommand = Extract<
  ChannelInput,
  { type: 'add_htlc' | 'resolve_htlc' | 'update_fee' | 'commit' | 'shutdown' | 'bump_close' | 'force_close' }
>

function command(channel: FundedChannel, input: OpenCommand, context: ChannelContext): Outcome {
  switch (input.type) {
    case 'add_htlc':
    case 'update_fee': {
      const usable = channel.state === 'normal' || (channel.state === 'shutting_down' && input.type === 'update_fee')
      if (!usable) return rejectCommand(channel, input.type, 'a channel in state normal')
      if (channel.session.connection !== 'connected')
        return rejectCommand(channel, input.type, 'a peer that is connected')
      return input.type === 'add_htlc' ? addHtlc(channel, input, context) : updateFeeCommand(channel, input, context)
    }
    case 'resolve_htlc':
      return resolveHtlc(channel, input)
    case 'commit':
      return { ok: true, value: readyAtOnce(channel, context) ?? commit(channel, context) }
    case 'shutdown':
      return shutdownCommand(channel, input, context)
    case 'bump_close':
      return bumpClose(channel, input, context)
    case 'force_close':
      return forceClose(channel, input.reason, context)
    default:
      return unreachable(input)
  }
}

function rejectCommand(channel: FundedChannel, name: string, expected: string): Outcome {
  return reject({
    code: 'not_possible_now',
    expected: `${expected} for ${name}`,
    got: `state ${channel.state}, ${channel.session.connection}`,
    section: 'BOLT 2, normal operation',
  })
}

function message(channel: FundedChannel, peerMessage: PeerMessage, context: ChannelContext): Outcome {
  if (peerMessage.type === 'error') return peerError(channel, peerMessage, context)
  if (peerMessage.type === 'warning') return peerWarning(channel, peerMessage)
  const { phase } = channel.durable
  if (phase.type === 'closing' || phase.type === 'closed') {
    // The error was sent on connection already; what else the peer says of a failed channel is ignored (BOLT 2, retransmission).
    return peerMessage.type === 'channel_reestablish'
      ? reestablishClosing(channel, peerMessage, context)
      : done(channel)
  }
  if (peerMessage.type === 'channel_reestablish') {
    if (channel.session.connection === 'reestablishing') return channelReestablish(channel, peerMessage, context)
    return unexpected(channel, peerMessage, 'channel_reestablish once, first on a new connection')
  }
  if (channel.session.connection !== 'connected') {
    return unexpected(channel, peerMessage, 'channel_reestablish before any other message')
  }
  if (!EXPECTED[peerMessage.type]?.includes(phase.type)) {
    return unexpected(channel, peerMessage, `a message that state ${phase.type} knows`)
  }
  const { ready } = channel.durable
  if (EXPECTED[peerMessage.type] === UPDATING && !(ready.local && ready.remote)) {
    return unexpected(channel, peerMessage, 'channel_ready from both sides before any update')
  }
  return expectedMessage(channel, peerMessage, context)
}

function unexpected(channel: FundedChannel, { type }: PeerMessage, expected: string): Outcome {
  return closeConnection({
    code: 'unexpected_message',
    expected,
    got: `${type} in state ${channel.state}, ${channel.session.connection}`,
    section: type === 'channel_reestablish' ? 'BOLT 2, message retransmission' : 'BOLT 2, normal operation',
  })
}

function expectedMessage(channel: FundedChannel, peerMessage: PeerMessage, context: ChannelContext): Outcome {
  switch (peerMessage.type) {
    case 'channel_ready':
      return channelReady(channel, peerMessage)
    case 'update_add_htlc':
      return updateAddHtlc(channel, peerMessage)
    case 'update_fulfill_htlc':
    case 'update_fail_htlc':
    case 'update_fail_malformed_htlc':
      return removeHtlc(channel, peerMessage)
    case 'update_fee':
      return updateFee(channel, peerMessage, context)
    case 'commitment_signed':
      return commitmentSigned(channel, peerMessage, context)
    case 'revoke_and_ack':
      return revokeAndAck(channel, peerMessage, context)
    case 'shutdown':
      return shutdownMessage(channel, peerMessage)
    case 'closing_signed':
      return closingSigned(channel, peerMessage, context)
    case 'closing_complete':
      return closingComplete(channel, peerMessage, context)
    case 'closing_sig':
      return closingSig(channel, peerMessage, context)
    default:
      return unexpected(channel, peerMessage, 'a message for a funded channel')
  }
}

/** A close that waits for the last update goes on as soon as it can. */
function followUp(outcome: Extract<Outcome, { ok: true }>, context: ChannelContext): Outcome {
  const { next, effects } = outcome.value
  if (!('durable' in next)) return outcome
  const closing = advanceClosing(next, context)
  return done(closing.next, [...effects, ...closing.effects])
}
