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
import {
  type ClosingComplete,
  type ClosingSig,
  type ClosingSigned,
  closingCompleteCodec,
  closingSigCodec,
  closingSignedCodec,
  type Shutdown,
  shutdownCodec,
} from './messages/close.ts'
import {
  type ChannelReestablish,
  type CommitmentSigned,
  channelReestablishCodec,
  commitmentSignedCodec,
  type RevokeAndAck,
  revokeAndAckCodec,
} from './messages/commitment.ts'
import {
  type UpdateAddHtlc,
  type UpdateFailHtlc,
  type UpdateFailMalformedHtlc,
  type UpdateFee,
  type UpdateFulfillHtlc,
  updateAddHtlcCodec,
  updateFailHtlcCodec,
  updateFailMalformedHtlcCodec,
  updateFeeCodec,
  updateFulfillHtlcCodec,
} from './messages/htlc.ts'
import {
  type AcceptChannel,
  acceptChannelCodec,
  type ChannelReady,
  channelReadyCodec,
  type FundingCreated,
  type FundingSigned,
  fundingCreatedCodec,
  fundingSignedCodec,
  type OpenChannel,
  openChannelCodec,
} from './messages/open.ts'
import {
  type ErrorMessage,
  errorCodec,
  type Init,
  initCodec,
  type Ping,
  type Pong,
  pingCodec,
  pongCodec,
  type WarningMessage,
  warningCodec,
} from './messages/setup.ts'

/** The messages of a connection (BOLT 1). */
export type SetupMessage = Init | ErrorMessage | WarningMessage | Ping | Pong

/** The updates that `commitment_signed` commits to (BOLT 2, normal operation). */
export type UpdateMessage = UpdateAddHtlc | UpdateFulfillHtlc | UpdateFailHtlc | UpdateFailMalformedHtlc | UpdateFee

/** The messages of a channel (BOLT 2). */
export type ChannelMessage =
  | OpenChannel
  | AcceptChannel
  | FundingCreated
  | FundingSigned
  | ChannelReady
  | Shutdown
  | ClosingSigned
  | ClosingComplete
  | ClosingSig
  | UpdateMessage
  | CommitmentSigned
  | RevokeAndAck
  | ChannelReestablish

export type Message = SetupMessage | ChannelMessage

/** A message that we do not read and may ignore: of an odd type, or gossip. */
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

const MESSAGES: { readonly [K in Message['type']]: readonly [messageType: number, codec: Codec<Body<K>>] } = {
  warning: [1, warningCodec],
  init: [16, initCodec],
  error: [17, errorCodec],
  ping: [18, pingCodec],
  pong: [19, pongCodec],
  open_channel: [32, openChannelCodec],
  accept_channel: [33, acceptChannelCodec],
  funding_created: [34, fundingCreatedCodec],
  funding_signed: [35, fundingSignedCodec],
  channel_ready: [36, channelReadyCodec],
  shutdown: [38, shutdownCodec],
  closing_signed: [39, closingSignedCodec],
  closing_complete: [40, closingCompleteCodec],
  closing_sig: [41, closingSigCodec],
  update_add_htlc: [128, updateAddHtlcCodec],
  update_fulfill_htlc: [130, updateFulfillHtlcCodec],
  update_fail_htlc: [131, updateFailHtlcCodec],
  commitment_signed: [132, commitmentSignedCodec],
  revoke_and_ack: [133, revokeAndAckCodec],
  update_fee: [134, updateFeeCodec],
  update_fail_malformed_htlc: [135, updateFailMalformedHtlcCodec],
  channel_reestablish: [136, channelReestablishCodec],
}
type Body<K extends Message['type']> = Omit<Extract<Message, { type: K }>, 'type'>

/** Even types of BOLT 7 that every node sends unasked: channel_announcement and channel_update. We read no gossip. */
const IGNORED_GOSSIP: ReadonlySet<number> = new Set([256, 258])

const byMessageType = new Map(
  Object.entries(MESSAGES).map(([type, [messageType, codec]]) => [
    messageType,
    { type: type as Message['type'], codec: codec as Codec<unknown> },
  ]),
)

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
    if (messageType % 2 === 0 && !IGNORED_GOSSIP.has(messageType)) {
      throw new DecodeError(
        'unknown_even_type',
        `expected a known or odd message type, got ${messageType} (BOLT 1, Lightning message format)`,
      )
    }
    return { type: 'unknown', messageType, payload: remainder.read(reader) }
  },
}
