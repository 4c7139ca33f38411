import { type ChannelId, type NodeId, pmapGet, utf8Encode } from '../base/index.ts'
import { type Channel, channelIdOf, isPeerMessage, type PeerMessage } from '../channel/index.ts'
import type { DeliveredMessage } from '../peer/index.ts'
import { type ErrorMessage, isGossip, type OpenChannel, type WarningMessage } from '../wire/index.ts'
import { acceptChannel } from './accepting.ts'
import { ALL_CHANNELS, hangUp } from './complaints.ts'
import { stepGossip } from './gossip.ts'
import { nameKey } from './keys.ts'
import { stepLink } from './links.ts'
import { relayOnionMessage } from './onionMessages.ts'
import { peerEntry, sendTo } from './peerEntries.ts'
import { keepFor } from './storage/held.ts'
import { hearList } from './storage/own.ts'
import { linkAt, type Work } from './work.ts'

// Which link a message of a peer is for, and what is said to one that is for none.

export function routeMessage(work: Work, nodeId: NodeId, message: DeliveredMessage): void {
  if (isGossip(message)) {
    stepGossip(work, { type: 'message', peer: nodeId, message })
    return
  }
  if (message.type === 'onion_message') {
    relayOnionMessage(work, nodeId, message)
    return
  }
  if (message.type === 'peer_storage') {
    keepFor(work, nodeId, message.blob)
    return
  }
  if (message.type === 'peer_storage_retrieval') {
    hearList(work, nodeId, message.blob)
    return
  }
  // Dual funding, splicing: nobody here listens to them yet.
  if (!isPeerMessage(message)) return
  if (message.type === 'open_channel') {
    routeOpening(work, nodeId, message)
    return
  }
  const id = idOf(message)
  if (isErrorOrWarning(message) && id === ALL_CHANNELS) {
    for (const index of peerEntry(work, nodeId).links) stepLink(work, index, { type: 'message', message })
    return
  }
  const index = pmapGet(work.state.names, nameKey(nodeId, id))
  const channel = index === undefined ? undefined : linkAt(work, index)?.state.channel
  if (index === undefined || channel === undefined) {
    answerStranger(work, nodeId, message)
    return
  }
  if (isErrorOrWarning(message) || id === nameFor(channel, message)) {
    stepLink(work, index, { type: 'message', message })
    return
  }
  hangUp(work, nodeId, `${message.type} under an id that is not its own (BOLT 2, definition of channel_id)`)
}

/** A new channel, under an id that no other one of this peer has. The channel itself refuses those of other peers. */
function routeOpening(work: Work, nodeId: NodeId, message: OpenChannel): void {
  const { temporaryChannelId } = message
  const isTaken = pmapGet(work.state.names, nameKey(nodeId, temporaryChannelId)) !== undefined
  if (temporaryChannelId === ALL_CHANNELS || isTaken) {
    hangUp(work, nodeId, 'temporary_channel_id is all zero or in use (BOLT 2, open_channel, sender)')
    return
  }
  acceptChannel(work, nodeId, message)
}

/** The answer to a message for a channel that is not there (BOLT 1, error, sender). An error or warning gets none. */
function answerStranger(work: Work, nodeId: NodeId, message: PeerMessage): void {
  if (isErrorOrWarning(message)) return
  const id = idOf(message)
  if (id === ALL_CHANNELS) {
    hangUp(work, nodeId, `${message.type} for a channel_id that is all zero (BOLT 2)`)
    return
  }
  const data = utf8Encode(`no such channel here, got ${message.type} (BOLT 1, error)`)
  sendTo(work, nodeId, { type: 'error', channelId: id, data })
}

function idOf(message: PeerMessage): ChannelId {
  return 'temporaryChannelId' in message ? message.temporaryChannelId : message.channelId
}

/** The messages of the opening have the temporary id, all others the final one (BOLT 2, definition of channel_id). */
function nameFor(channel: Channel, message: PeerMessage): ChannelId {
  if (!('temporaryChannelId' in message)) return channelIdOf(channel)
  return 'durable' in channel ? channel.durable.params.temporaryChannelId : channel.temporaryChannelId
}

function isErrorOrWarning(message: PeerMessage): message is ErrorMessage | WarningMessage {
  return message.type === 'error' || message.type === 'warning'
}
