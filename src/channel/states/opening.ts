import { unreachable } from '../../base/index.ts'
import type { ErrorMessage } from '../../wire/index.ts'
import { channelAccepted } from '../handlers/channelAccepted.ts'
import { errorMessage } from '../handlers/failChannel.ts'
import { peerWarning, printable } from '../handlers/forceClose.ts'
import { fundingCreated } from '../handlers/fundingCreated.ts'
import { fundingSigned } from '../handlers/fundingSigned.ts'
import { fundingTransaction } from '../handlers/fundingTransaction.ts'
import { done, failChannel, type Outcome, reject } from '../outcome.ts'
import type {
  AbortedChannel,
  ChannelContext,
  ChannelEffect,
  ChannelInput,
  OpeningChannel,
  PeerMessage,
} from '../types.ts'

// Before the funding is signed for. Nothing is durable yet, so whatever goes wrong ends in `aborted`.
//
//   opener                                            accepter
//   wait_for_accept_channel       -- open_channel -->
//                                 <- accept_channel -  wait_for_funding_created
//   wait_for_funding_transaction     (our wallet)
//   wait_for_funding_signed       - funding_created ->
//                                 <- funding_signed -  wait_for_funding_confirmed
//   wait_for_funding_confirmed

export function stepOpening(channel: OpeningChannel, input: ChannelInput, context: ChannelContext): Outcome {
  switch (input.type) {
    case 'message':
      return stepMessage(channel, input.message, context)
    case 'funding_transaction':
      if (channel.state !== 'wait_for_funding_transaction') return notNow(channel, input)
      return fundingTransaction(channel, input.tx, context)
    case 'cancel_open':
      return cancelOpen(channel, input)
    case 'disconnected':
      return done(aborted(channel, `the connection ended in ${channel.state}, before the channel was signed for`))
    case 'commit':
    case 'block':
      return done(channel)
    case 'add_htlc':
    case 'resolve_htlc':
    case 'update_fee':
    case 'shutdown':
    case 'bump_close':
    case 'force_close':
    case 'connected':
    case 'funding_depth':
    case 'funding_lost':
    case 'funding_spent':
    case 'newer_commitment':
    case 'resolved':
      return notNow(channel, input)
    default:
      return unreachable(input)
  }
}

function stepMessage(channel: OpeningChannel, message: PeerMessage, context: ChannelContext): Outcome {
  if (message.type === 'error') return peerFails(channel, message)
  if (message.type === 'warning') return peerWarning(channel, message)
  switch (channel.state) {
    case 'wait_for_accept_channel':
      return message.type === 'accept_channel'
        ? channelAccepted(channel, message, context)
        : unexpected(channel, message)
    case 'wait_for_funding_transaction':
      return unexpected(channel, message)
    case 'wait_for_funding_signed':
      return message.type === 'funding_signed' ? fundingSigned(channel, message, context) : unexpected(channel, message)
    case 'wait_for_funding_created':
      return message.type === 'funding_created'
        ? fundingCreated(channel, message, context)
        : unexpected(channel, message)
    default:
      return unreachable(channel)
  }
}

function aborted({ temporaryChannelId }: OpeningChannel, reason: string): AbortedChannel {
  return { state: 'aborted', temporaryChannelId, reason }
}

/** The peer does not want the channel (BOLT 1, error, receiver). An error is not answered. */
function peerFails(channel: OpeningChannel, message: ErrorMessage): Outcome {
  const text = printable(message.data)
  const said: ChannelEffect = { type: 'event', event: { type: 'peer_said', kind: 'error', text } }
  return done(aborted(channel, `the peer sent an error: ${text}`), [said])
}

/** Once `funding_created` is sent the peer may be keeping the channel, so only a disconnection ends it before its answer. */
function cancelOpen(channel: OpeningChannel, input: Extract<ChannelInput, { type: 'cancel_open' }>): Outcome {
  if (channel.state !== 'wait_for_accept_channel' && channel.state !== 'wait_for_funding_transaction') {
    return notNow(channel, input)
  }
  return done(aborted(channel, `cancelled: ${input.reason}`), [errorMessage(channel, `cancelled: ${input.reason}`)])
}

function unexpected(channel: OpeningChannel, message: PeerMessage): Outcome {
  return failChannel({
    code: 'unexpected_message',
    expected: EXPECTED[channel.state],
    got: message.type,
    section: message.type === 'shutdown' ? 'BOLT 2, shutdown, receiver' : 'BOLT 2, channel establishment v1',
  })
}

const EXPECTED: Readonly<Record<OpeningChannel['state'], string>> = {
  wait_for_accept_channel: 'accept_channel',
  wait_for_funding_transaction: 'no message: funding_created is ours to send',
  wait_for_funding_signed: 'funding_signed',
  wait_for_funding_created: 'funding_created',
}

function notNow(channel: OpeningChannel, input: ChannelInput): Outcome {
  return reject({
    code: 'channel_not_open',
    expected: `a channel to which ${input.type} applies`,
    got: `one that is being opened, in ${channel.state}`,
    section: 'BOLT 2, channel establishment v1',
  })
}
