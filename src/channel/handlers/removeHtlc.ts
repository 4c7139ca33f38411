import { bytesEqual, fromHex, unreachable } from '../../base/index.ts'
import { sha256 } from '../../crypto/index.ts'
import {
  ATTRIBUTION_DATA_LENGTH,
  MAX_MESSAGE_LENGTH,
  type UpdateFailHtlc,
  type UpdateFailMalformedHtlc,
  type UpdateFulfillHtlc,
} from '../../wire/index.ts'
import { withReplaced } from '../htlcList.ts'
import { closeConnection, done, type Facts, type Outcome, reject } from '../outcome.ts'
import type {
  ChannelCommand,
  ChannelDurable,
  ChannelEffect,
  FundedChannel,
  Htlc,
  HtlcResolution,
  PeerMessage,
} from '../types.ts'
import { mayUpdate } from './mayUpdate.ts'
import { withDurable } from './withDurable.ts'

// Removing an HTLC, which only its receiver may do: update_fulfill_htlc, update_fail_htlc, update_fail_malformed_htlc.

/** The bit in a failure code that says that the onion could not be read (BOLT 4, failure messages). */
const BADONION = 0x8000

type ResolveCommand = Extract<ChannelCommand, { type: 'resolve_htlc' }>

/**
 * Our decision on an HTLC of the peer. It is durable at once and sent as soon as the connection allows, so it may be
 * taken while disconnected, and a preimage is at hand when the channel ends on chain.
 */
export function resolveHtlc(channel: FundedChannel, command: ResolveCommand): Outcome {
  const { durable } = channel
  const htlc = durable.htlcs.find(other => other.offeredBy === 'remote' && other.id === command.id)
  const complaint = resolveComplaint(htlc, command)
  if (complaint !== undefined || htlc === undefined) return reject({ ...UNKNOWN_HTLC(command.id), ...complaint })
  const resolved = replaceHtlc(durable, htlc, { ...htlc, resolution: command.resolution })
  return done(...sendResolutions(withDurable(channel, resolved)))
}

const UNKNOWN_HTLC = (id: number): Facts => ({
  code: 'unknown_htlc',
  expected: 'an HTLC of the peer that is irrevocably committed',
  got: `id ${id}`,
  section: 'BOLT 2, removing an HTLC, sender',
})

function resolveComplaint(htlc: Htlc | undefined, command: ResolveCommand): Facts | undefined {
  if (htlc === undefined || htlc.added !== 'irrevocable') return UNKNOWN_HTLC(command.id)
  if (htlc.resolution !== undefined) {
    return {
      ...UNKNOWN_HTLC(command.id),
      code: 'htlc_already_resolved',
      got: `id ${command.id}, which has a ${htlc.resolution.type}`,
    }
  }
  return resolutionComplaint(htlc, command.resolution)
}

/** What makes a resolution impossible, for either side (BOLT 2, removing an HTLC, receiver). */
function resolutionComplaint(htlc: Htlc, resolution: HtlcResolution): Facts | undefined {
  const section = 'BOLT 2, removing an HTLC, receiver'
  if (resolution.type === 'fulfill' && !isPreimage(resolution.paymentPreimage, htlc)) {
    return {
      code: 'wrong_preimage',
      expected: `a preimage of ${htlc.paymentHash}`,
      got: `another one for HTLC ${htlc.id}`,
      section,
    }
  }
  if (resolution.type === 'fail_malformed' && (resolution.failureCode & BADONION) === 0) {
    return {
      code: 'badonion_missing',
      expected: `a failure_code with the BADONION bit 0x${BADONION.toString(16)}`,
      got: `0x${resolution.failureCode.toString(16)}`,
      section,
    }
  }
  return undefined
}

/** Of 32 bytes, since the message holds no other, though a hash may be that of any. */
function isPreimage(preimage: Uint8Array, htlc: Htlc): boolean {
  return preimage.length === 32 && bytesEqual(sha256(preimage), fromHex(htlc.paymentHash))
}

/** Sends every decision that is due and not on its way: after a command, and again after a reconnection. */
export function sendResolutions(channel: FundedChannel): [next: FundedChannel, effects: readonly ChannelEffect[]] {
  if (!mayUpdate(channel)) return [channel, []]
  let durable = channel.durable
  const effects: ChannelEffect[] = []
  for (const htlc of channel.durable.htlcs) {
    if (htlc.offeredBy !== 'remote' || htlc.resolution === undefined || htlc.removed !== undefined) continue
    durable = replaceHtlc(durable, htlc, { ...htlc, removed: 'proposed' })
    durable = { ...durable, proposed: [...durable.proposed, { type: 'remove', id: htlc.id }] }
    effects.push({ type: 'send', message: removeMessage(channel, htlc.id, htlc.resolution) })
  }
  return [durable === channel.durable ? channel : withDurable(channel, durable), effects]
}

/** With attribution data for peers that have the feature: the others would have to pass over it (BOLT 2, removing an HTLC). */
export function removeMessage(
  { durable, session }: Pick<FundedChannel, 'durable' | 'session'>,
  id: number,
  resolution: HtlcResolution,
): PeerMessage {
  const { channelId } = durable.params
  switch (resolution.type) {
    case 'fulfill': {
      const { paymentPreimage, attributionData } = resolution
      const said = attributionData !== undefined && session.negotiated.attributionData && { attributionData }
      return { type: 'update_fulfill_htlc', channelId, id, paymentPreimage, ...said }
    }
    case 'fail': {
      const { reason, attributionData } = resolution
      // A reason from behind us may leave no room for it.
      const fits = reason.length <= LONGEST_ATTRIBUTED_REASON
      const said = attributionData !== undefined && fits && session.negotiated.attributionData && { attributionData }
      return { type: 'update_fail_htlc', channelId, id, reason, ...said }
    }
    case 'fail_malformed': {
      const { sha256OfOnion, failureCode } = resolution
      return { type: 'update_fail_malformed_htlc', channelId, id, sha256OfOnion, failureCode }
    }
    default:
      return unreachable(resolution)
  }
}

/** What `update_fail_htlc` has beside its reason: type, channel, id, length, and the record with its type and its length of three bytes. */
const LONGEST_ATTRIBUTED_REASON = MAX_MESSAGE_LENGTH - (2 + 32 + 8 + 2) - (1 + 3 + ATTRIBUTION_DATA_LENGTH)

/** The peer removes an HTLC of ours. A preimage is told upwards at once: it cannot be taken back. */
export function removeHtlc(
  channel: FundedChannel,
  message: UpdateFulfillHtlc | UpdateFailHtlc | UpdateFailMalformedHtlc,
): Outcome {
  const { durable } = channel
  const htlc = durable.htlcs.find(other => other.offeredBy === 'local' && other.id === message.id)
  if (htlc === undefined || htlc.added !== 'irrevocable' || htlc.removed !== undefined) {
    return closeConnection({
      code: 'unknown_htlc',
      expected: 'the id of an HTLC that is irrevocably committed and not removed yet',
      got: `id ${message.id}${htlc === undefined ? '' : `, added: ${htlc.added}, removed: ${htlc.removed ?? 'no'}`}`,
      section: 'BOLT 2, removing an HTLC, receiver',
    })
  }
  const resolution = resolutionOf(message)
  const complaint = resolutionComplaint(htlc, resolution)
  if (complaint !== undefined) return closeConnection(complaint)
  const next = withDurable(channel, replaceHtlc(durable, htlc, { ...htlc, removed: 'proposed', resolution }))
  if (resolution.type !== 'fulfill') return done(next)
  const { id, paymentHash } = htlc
  const said = message.type === 'update_fulfill_htlc' ? attributionIn(message) : undefined
  const { paymentPreimage } = resolution
  const event = { type: 'htlc_fulfilled', id, paymentHash, paymentPreimage, ...said } as const
  return done(next, [{ type: 'event', event }])
}

function resolutionOf(message: UpdateFulfillHtlc | UpdateFailHtlc | UpdateFailMalformedHtlc): HtlcResolution {
  switch (message.type) {
    case 'update_fulfill_htlc':
      // What was said of hold times is told upwards at once, and needed no more.
      return { type: 'fulfill', paymentPreimage: message.paymentPreimage }
    case 'update_fail_htlc':
      return { type: 'fail', reason: message.reason, ...attributionIn(message) }
    case 'update_fail_malformed_htlc':
      return { type: 'fail_malformed', sha256OfOnion: message.sha256OfOnion, failureCode: message.failureCode }
    default:
      return unreachable(message)
  }
}

/** Also of a peer that has not announced the feature: whether it is true, its reader finds out. */
function attributionIn({
  attributionData,
}: UpdateFulfillHtlc | UpdateFailHtlc): Pick<UpdateFailHtlc, 'attributionData'> {
  return attributionData === undefined ? {} : { attributionData }
}

function replaceHtlc(durable: ChannelDurable, old: Htlc, replacement: Htlc): ChannelDurable {
  return { ...durable, htlcs: withReplaced(durable.htlcs, old, replacement) }
}
