import { bytesEqual, defined, unreachable } from '../../base/index.ts'
import { commitmentSecret } from '../../keys/index.ts'
import type { ChannelReestablish } from '../../wire/index.ts'
import { describeFailure } from '../failure.ts'
import { done, type Facts, failChannel, type Outcome } from '../outcome.ts'
import type {
  ChannelContext,
  ChannelDurable,
  ChannelEffect,
  FundedChannel,
  Htlc,
  Party,
  PeerMessage,
  UpdateRef,
} from '../types.ts'
import { addMessage } from './addHtlc.ts'
import { commitmentSignedMessage } from './commit.ts'
import { revokeAndAckMessage } from './commitmentSigned.ts'
import { errorMessage } from './failChannel.ts'
import { channelReadyMessage } from './fundingDepth.ts'
import { release } from './hold.ts'
import { toLostData } from './lostData.ts'
import { removeMessage, sendResolutions } from './removeHtlc.ts'
import { receivedEvents } from './revokeAndAck.ts'

const SECTION = 'BOLT 2, message retransmission'

/** What the peer has missed, read off its two numbers; or what cannot be. */
type Standing = { readonly lostRevocation: boolean; readonly lostCommitment: boolean }

/**
 * channel_reestablish, received. The peer says what it expects next; what it missed is sent again, in the original order:
 *
 *     (channel_ready)   while no commitment was exchanged
 *     revoke_and_ack and update_… commitment_signed, the one that was sent first going first
 *     (shutdown)
 *     update_fulfill_htlc, update_fail_htlc …   decisions that no commitment covered yet
 */
export function channelReestablish(
  channel: FundedChannel,
  message: ChannelReestablish,
  context: ChannelContext,
): Outcome {
  const { durable } = channel
  const proof = provesUsBehind(durable, message, context)
  if (proof !== undefined) return dataLoss(channel, proof)
  const complaint = complaintOf(durable, message, context)
  if (complaint !== undefined) return failChannel({ section: SECTION, ...complaint })
  const standing: Standing = {
    lostRevocation: message.nextRevocationNumber === durable.localCommit.number - 1,
    lostCommitment: message.nextCommitmentNumber === lastSigned(durable),
  }
  const { unproven: _proven, ...session } = channel.session
  const connectedChannel: FundedChannel = { ...channel, session: { ...session, connection: 'connected' } }
  const [next, resolutions] = sendResolutions(connectedChannel)
  return done(next, [
    ...readyAgain(durable, message, context),
    ...missed(channel, standing, context),
    ...shutdownAgain(durable),
    ...resolutions,
    ...receivedAgain(next.durable, context),
  ])
}

function complaintOf(
  durable: ChannelDurable,
  message: ChannelReestablish,
  context: ChannelContext,
): Omit<Facts, 'section'> | undefined {
  return numberComplaint(durable, message) ?? secretComplaint(message, context)
}

/**
 * channel_reestablish for a channel that is closing. Nothing goes on any more, so that the answer is what went wrong (BOLT 2, message
 * retransmission). But where our commitment is held, the peer says whether it is revoked: with proof it is never published, and
 * what fits lets it go.
 */
export function reestablishClosing(
  channel: FundedChannel,
  message: ChannelReestablish,
  context: ChannelContext,
): Outcome {
  const { durable } = channel
  const { phase } = durable
  const reason = phase.type === 'closing' || phase.type === 'closed' ? phase.cause.reason : ''
  if (phase.type !== 'closing' || phase.heldUntil === undefined) return done(channel, [errorMessage(channel, reason)])
  const proof = provesUsBehind(durable, message, context)
  if (proof !== undefined) return dataLoss(channel, proof)
  if (complaintOf(durable, message, context) !== undefined) return done(channel, [errorMessage(channel, reason)])
  const { next, effects } = release(channel, context)
  return done(next, [errorMessage(channel, reason), ...effects])
}

/** The number of the last `commitment_signed` that we sent; 0 for the one of the opening. */
function lastSigned({ remoteCommit }: ChannelDurable): number {
  return remoteCommit.number + (remoteCommit.awaitingRevocation === undefined ? 0 : 1)
}

function numberComplaint(durable: ChannelDurable, message: ChannelReestablish): Omit<Facts, 'section'> | undefined {
  const { nextCommitmentNumber, nextRevocationNumber } = message
  if (nextCommitmentNumber === 0) {
    return { code: 'peer_asks_for_close', expected: 'a number above 0', got: '0: the peer has lost its data' }
  }
  const awaiting = durable.remoteCommit.awaitingRevocation !== undefined
  const expected = lastSigned(durable) + 1
  // The commitment of the opening travels in funding_created and funding_signed: it cannot be asked for again.
  const again = awaiting ? [expected - 1, expected] : [expected]
  if (!again.includes(nextCommitmentNumber)) {
    return { code: 'wrong_next_commitment_number', expected: again.join(' or '), got: `${nextCommitmentNumber}` }
  }
  const { number } = durable.localCommit
  const revocations = number === 0 ? [0] : [number - 1, number]
  if (!revocations.includes(nextRevocationNumber)) {
    return { code: 'wrong_next_revocation_number', expected: revocations.join(' or '), got: `${nextRevocationNumber}` }
  }
  return undefined
}

function secretComplaint(message: ChannelReestablish, context: ChannelContext): Omit<Facts, 'section'> | undefined {
  const { nextRevocationNumber: next, yourLastPerCommitmentSecret } = message
  const expected = next === 0 ? new Uint8Array(32) : commitmentSecret(context.secrets, next - 1)
  if (bytesEqual(yourLastPerCommitmentSecret, expected)) return undefined
  return {
    code: 'wrong_last_secret',
    expected: next === 0 ? 'your_last_per_commitment_secret all zero' : `our secret of commitment ${next - 1}`,
    got: 'other bytes: a claim without proof',
  }
}

/** The peer knows a secret that we do not remember having revealed: our state is an old copy. */
function provesUsBehind(
  durable: ChannelDurable,
  message: ChannelReestablish,
  context: ChannelContext,
): Facts | undefined {
  const { nextRevocationNumber: next, yourLastPerCommitmentSecret } = message
  if (next <= durable.localCommit.number || next > 2 ** 48 - 1) return undefined
  if (!bytesEqual(yourLastPerCommitmentSecret, commitmentSecret(context.secrets, next - 1))) return undefined
  return {
    code: 'we_lost_data',
    expected: `a peer that knows our commitments up to ${durable.localCommit.number}`,
    got: `proof of our secret of commitment ${next - 1}: this node runs on an old copy of its data`,
    section: SECTION,
  }
}

/** Publishing would lose everything, so we ask the peer to do it (BOLT 2, message retransmission, receiver). */
function dataLoss(channel: FundedChannel, facts: Facts): Outcome {
  const reason = describeFailure({ severity: 'fail_channel', ...facts })
  return done(toLostData(channel, reason), [errorMessage(channel, reason)])
}

function readyAgain(
  durable: ChannelDurable,
  message: ChannelReestablish,
  context: ChannelContext,
): readonly ChannelEffect[] {
  const atStart = message.nextCommitmentNumber === 1 && durable.localCommit.number === 0
  if (!atStart || !durable.ready.local) return []
  return [{ type: 'send', message: channelReadyMessage(durable, context) }]
}

function missed(channel: FundedChannel, standing: Standing, context: ChannelContext): readonly ChannelEffect[] {
  const { durable } = channel
  const revocation = standing.lostRevocation ? [revokeAndAckMessage(durable, context)] : []
  const commitment = standing.lostCommitment ? commitmentAgain(channel, context) : []
  const messages: readonly PeerMessage[] =
    durable.lastSent === 'revoke_and_ack' ? [...commitment, ...revocation] : [...revocation, ...commitment]
  return messages.map(message => ({ type: 'send', message }))
}

function commitmentAgain(channel: FundedChannel, context: ChannelContext): readonly PeerMessage[] {
  const { durable } = channel
  const updates = durable.remoteCommit.awaitingRevocation ?? []
  return [...updates.map(ref => updateAgain(channel, ref)), commitmentSignedMessage(durable, context)]
}

function updateAgain(channel: FundedChannel, ref: UpdateRef): PeerMessage {
  const { durable } = channel
  switch (ref.type) {
    case 'add':
      return addMessage(durable, theHtlc(durable, 'local', ref.id))
    case 'remove': {
      const { resolution } = theHtlc(durable, 'remote', ref.id)
      return removeMessage(channel, ref.id, defined(resolution, `HTLC ${ref.id} is removed with a resolution`))
    }
    case 'fee':
      return { type: 'update_fee', channelId: durable.params.channelId, feeratePerKw: ref.feeratePerKw }
    default:
      return unreachable(ref)
  }
}

function theHtlc(durable: ChannelDurable, offeredBy: Party, id: number): Htlc {
  const found = durable.htlcs.find(htlc => htlc.offeredBy === offeredBy && htlc.id === id)
  return defined(found, `HTLC ${id} of the unacknowledged commitment is live`)
}

function shutdownAgain(durable: ChannelDurable): readonly ChannelEffect[] {
  const { local } = durable.shutdown
  if (local === undefined) return []
  const { channelId } = durable.params
  return [{ type: 'send', message: { type: 'shutdown', channelId, scriptpubkey: local } }]
}

/** The floors above may have missed these before a crash: what is decided already is not told again. */
function receivedAgain(durable: ChannelDurable, context: ChannelContext): readonly ChannelEffect[] {
  const open = durable.htlcs.filter(
    htlc => htlc.offeredBy === 'remote' && htlc.added === 'irrevocable' && htlc.resolution === undefined,
  )
  return receivedEvents(durable, open, context)
}
