import {
  assert,
  type Codec,
  DecodeError,
  type DecodeFailure,
  decode,
  decodeWithin,
  encode,
  err,
  type Result,
  remainder,
} from '../base/index.ts'
import { type ClosingMessage, closingMessages } from './messages/close.ts'
import { type CommitmentMessage, commitmentMessages } from './messages/commitment.ts'
import { type GossipMessage, gossipMessages } from './messages/gossip.ts'
import { type GossipQueryMessage, gossipQueryMessages } from './messages/gossipQueries.ts'
import { type UpdateMessage, updateMessages } from './messages/htlc.ts'
import { type InteractiveTxMessage, interactiveTxMessages } from './messages/interactiveTx.ts'
import { type OnionMessage, onionMessages } from './messages/onion.ts'
import { type OpeningMessage, openingMessages } from './messages/open.ts'
import { type DualFundingMessage, dualFundingMessages } from './messages/openV2.ts'
import { type PeerStorageMessage, peerStorageMessages } from './messages/peerStorage.ts'
import { type SetupMessage, setupMessages } from './messages/setup.ts'
import { type SpliceMessage, spliceMessages } from './messages/splice.ts'
import type { MessageTable } from './messages/table.ts'

/** The messages of a channel with one funding, opened by one side (BOLT 2). */
export type ChannelMessage = OpeningMessage | ClosingMessage | UpdateMessage | CommitmentMessage

/** Every message of BOLT 1, 2, 4 and 7. */
export type Message =
  | SetupMessage
  | PeerStorageMessage
  | ChannelMessage
  | DualFundingMessage
  | InteractiveTxMessage
  | SpliceMessage
  | OnionMessage
  | GossipMessage
  | GossipQueryMessage

/** A message of an odd type that no BOLT here defines, to be ignored (BOLT 1, Lightning message format). */
export interface UnknownMessage {
  readonly type: 'unknown'
  readonly messageType: number
  readonly payload: Uint8Array
}

/** The largest message that fits the transport, its type included (BOLT 1, Lightning message format). */
export const MAX_MESSAGE_LENGTH = 65535

/**
 * One message of the wire. Fails, and never throws, for bytes that are no message; then the connection is closed
 * (BOLT 1, Lightning message format).
 */
export function decodeMessage(bytes: Uint8Array): Result<Message | UnknownMessage, DecodeFailure> {
  if (bytes.length > MAX_MESSAGE_LENGTH) {
    return err({
      code: 'too_long',
      message: `expected at most ${MAX_MESSAGE_LENGTH} bytes, got ${bytes.length} (BOLT 1, Lightning message format)`,
    })
  }
  return decode(messageCodec, bytes)
}

/** The bytes of a message, type first. A message of ours that is larger than the limit is a bug. */
export function encodeMessage(message: Message): Uint8Array {
  const bytes = encode(messageCodec, message)
  assert(
    bytes.length <= MAX_MESSAGE_LENGTH,
    () => `${message.type} of ${bytes.length} bytes is larger than a message may be`,
  )
  return bytes
}

/** Whether the message is one of `ChannelMessage`, which the channel machine answers. */
export function isChannelMessage(message: Message): message is ChannelMessage {
  return Object.hasOwn(CHANNEL_MESSAGES, message.type)
}

/** Whether the message is about the network (BOLT 7), the two halves of an announcement included. */
export function isGossip(message: Message): message is GossipMessage | GossipQueryMessage {
  return Object.hasOwn(GOSSIP_MESSAGES, message.type)
}

const GOSSIP_MESSAGES: MessageTable<GossipMessage | GossipQueryMessage> = {
  ...gossipMessages,
  ...gossipQueryMessages,
}

const CHANNEL_MESSAGES: MessageTable<ChannelMessage> = {
  ...openingMessages,
  ...closingMessages,
  ...updateMessages,
  ...commitmentMessages,
}

const MESSAGES: MessageTable<Message> = {
  ...setupMessages,
  ...peerStorageMessages,
  ...CHANNEL_MESSAGES,
  ...dualFundingMessages,
  ...interactiveTxMessages,
  ...spliceMessages,
  ...onionMessages,
  ...GOSSIP_MESSAGES,
}

const byMessageType = new Map(
  Object.entries(MESSAGES).map(([type, [messageType, codec]]) => [
    messageType,
    { type: type as Message['type'], codec: codec as Codec<unknown> },
  ]),
)
assert(byMessageType.size === Object.keys(MESSAGES).length, 'a message type is defined twice')

const messageCodec: Codec<Message | UnknownMessage> = {
  write(writer, message) {
    assert(message.type !== 'unknown', 'a message that we do not know is never sent')
    const [messageType, codec] = MESSAGES[message.type]
    writer.uint(messageType, 2)
    // The table pairs each type with the codec of its own body.
    ;(codec as Codec<unknown>).write(writer, message)
  },
  read(reader) {
    const messageType = reader.uint(2)
    const known = byMessageType.get(messageType)
    if (known !== undefined) {
      // As above: this body belongs to this type.
      return { type: known.type, ...(decodeWithin(known.codec, reader, known.type) as object) } as Message
    }
    if (messageType % 2 === 0) {
      throw new DecodeError(
        'unknown_even_type',
        `expected a known or odd message type, got ${messageType} (BOLT 1, Lightning message format)`,
      )
    }
    return { type: 'unknown', messageType, payload: remainder.read(reader) }
  },
}
