import type { ErrorMessage, WarningMessage } from '../../wire/index.ts'
import { done, type Outcome, reject } from '../outcome.ts'
import type { Channel, ChannelContext, ChannelEffect, FundedChannel } from '../types.ts'
import { failFunded, publishCommitment, toClosing } from './failChannel.ts'
import { held, isHeldBack, release } from './hold.ts'

/** Bound on how much of a peer's text is kept. */
const MAX_PEER_TEXT_LENGTH = 500

const UNCONFIRMED =
  'the peer has not said since this start where the channel stands; if these records are an old copy, the channel is lost'

/**
 * Our own wish: the channel ends on chain without the peer. Asked again while closing, it publishes again. Whoever asks for it knows
 * whether the data may be old, so it waits for nobody, but says so.
 */
export function forceClose(channel: FundedChannel, reason: string, context: ChannelContext): Outcome {
  const { phase } = channel.durable
  if (phase.type === 'closed' || (phase.type === 'closing' && !phase.cause.mayPublishCommitment)) {
    return reject({
      code: 'commitment_must_not_be_published',
      expected: 'a channel whose newest commitment is known to be ours',
      got: phase.cause.reason,
      section: 'BOLT 2, message retransmission',
    })
  }
  if (phase.type === 'closing' && phase.heldUntil !== undefined) return { ok: true, value: release(channel, context) }
  const said = isHeldBack(channel) ? `${reason} (${UNCONFIRMED})` : reason
  const cause = { kind: 'local_force', reason: said, mayPublishCommitment: true } as const
  return { ok: true, value: failFunded(channel, cause, context) }
}

/** The peer has failed the channel (BOLT 1, error): it will not go on, so the chain decides. */
export function peerError(channel: FundedChannel, message: ErrorMessage, context: ChannelContext): Outcome {
  const text = printable(message.data)
  const said: ChannelEffect = { type: 'event', event: { type: 'peer_said', kind: 'error', text } }
  const cause = { kind: 'remote_error', reason: `the peer sent an error: ${text}`, mayPublishCommitment: true } as const
  // Nothing is answered to an error (BOLT 1), and a closing channel has published already.
  if (channel.durable.phase.type === 'closing' || channel.durable.phase.type === 'closed') return done(channel, [said])
  if (isHeldBack(channel)) return done(held(channel, cause, context), [said])
  return done(toClosing(channel, cause), [said, ...publishCommitment(channel, cause, context)])
}

export function peerWarning(channel: Channel, message: WarningMessage): Outcome {
  return done(channel, [
    { type: 'event', event: { type: 'peer_said', kind: 'warning', text: printable(message.data) } },
  ])
}

/** Only printable ASCII of what a peer says reaches a log or a terminal (BOLT 1, error, receiver). */
export function printable(data: Uint8Array): string {
  let text = ''
  for (const byte of data.subarray(0, MAX_PEER_TEXT_LENGTH))
    text += byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '?'
  return text
}
