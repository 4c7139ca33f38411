import { type ChannelId, utf8Encode } from '../base/index.ts'
import { type Channel, channelIdOf, type PeerMessage } from '../channel/index.ts'
import { type ErrorMessage, encodeMessage, type OpenChannel, type WarningMessage } from '../wire/index.ts'
import type { EngineEffect } from './types.ts'

// Whom a message of the peer is for, and what is said to one that is for nobody here.

/** Stands for all channels with the peer, in an `error` or a `warning` (BOLT 1). */
const ALL_CHANNELS = '00'.repeat(32) as ChannelId

/** `misnamed`: under an id that stands for something else, so that an error in return would fail what it stands for. */
export type Addressee = 'channel' | 'unknown' | 'misnamed'

export function addresseeOf(channel: Channel | undefined, message: PeerMessage): Addressee {
  const id = idOf(message)
  const isTaken = id === ALL_CHANNELS || idsInUse(channel).includes(id)
  if (!isTaken) return 'unknown'
  if (channel === undefined || channel.state === 'aborted') return 'misnamed'
  return isErrorOrWarning(message) || id === nameFor(channel, message) ? 'channel' : 'misnamed'
}

/** The ids that no other channel may have: an `error` under one of them would fail this one. */
export function idsInUse(channel: Channel | undefined): readonly ChannelId[] {
  if (channel === undefined || channel.state === 'aborted') return []
  return [channelIdOf(channel), temporaryIdOf(channel)]
}

/** The answer to a message for a channel that is not there (BOLT 1, error, sender). An error or warning gets none. */
export function answerToStranger(message: PeerMessage, addressee: 'unknown' | 'misnamed'): readonly EngineEffect[] {
  if (isErrorOrWarning(message)) return []
  if (addressee === 'misnamed') return closing(`${message.type} under an id that is all zero or not its own (BOLT 2)`)
  return [refusal(idOf(message), `no such channel here, got ${message.type} (BOLT 1, error)`)]
}

/** An `open_channel` beside another channel. Refused under its id, unless that is an id of the other one. */
export function answerToSecondOpening(channel: Channel, { temporaryChannelId }: OpenChannel): readonly EngineEffect[] {
  if (temporaryChannelId === ALL_CHANNELS || idsInUse(channel).includes(temporaryChannelId)) {
    return closing('temporary_channel_id is all zero or in use (BOLT 2, open_channel, sender)')
  }
  return [refusal(temporaryChannelId, 'this node has one channel, and it is taken')]
}

function idOf(message: PeerMessage): ChannelId {
  return 'temporaryChannelId' in message ? message.temporaryChannelId : message.channelId
}

function temporaryIdOf(channel: Channel): ChannelId {
  return 'durable' in channel ? channel.durable.params.temporaryChannelId : channel.temporaryChannelId
}

/** The messages of the opening have the temporary id, all others the final one (BOLT 2, definition of channel_id). */
function nameFor(channel: Channel, message: PeerMessage): ChannelId {
  return 'temporaryChannelId' in message ? temporaryIdOf(channel) : channelIdOf(channel)
}

function isErrorOrWarning(message: PeerMessage): message is ErrorMessage | WarningMessage {
  return message.type === 'error' || message.type === 'warning'
}

function refusal(channelId: ChannelId, text: string): EngineEffect {
  return { type: 'send', bytes: encodeMessage({ type: 'error', channelId, data: utf8Encode(text) }) }
}

function closing(text: string): readonly EngineEffect[] {
  const warning = encodeMessage({ type: 'warning', channelId: ALL_CHANNELS, data: utf8Encode(text) })
  return [{ type: 'send', bytes: warning }, { type: 'close_connection' }]
}
