// wire: the messages of BOLT 1 and BOLT 2 as plain values and their bytes, BigSize, TLV streams, BOLT 9 features.
// It must not know keys, transactions or what a message means for a channel. Start reading at message.ts.
export { bigSize, bigSizeNumber } from './bigsize.ts'
export {
  channelTypes,
  checkFeatures,
  combineFeatures,
  FEATURE,
  type FeatureFailure,
  type FeatureName,
  featureBits,
  featuresEqual,
  hasFeature,
  listFeatures,
  offersFeature,
} from './features.ts'
export {
  channelIdCodec,
  feeratePerKwCodec,
  millisatoshis,
  paymentHashCodec,
  satoshis,
  txidCodec,
} from './fundamental.ts'
export { s8, s16, s32, s64, tu16, tu32, tu64 } from './integers.ts'
export {
  type ChannelMessage,
  decodeMessage,
  encodeMessage,
  MAX_MESSAGE_LENGTH,
  type Message,
  type UnknownMessage,
} from './message.ts'
export type { ClosingComplete, ClosingSig, ClosingSigned, Shutdown } from './messages/close.ts'
export type { ChannelReestablish, CommitmentSigned, RevokeAndAck } from './messages/commitment.ts'
export {
  ATTRIBUTION_DATA_LENGTH,
  ONION_ROUTING_PACKET_LENGTH,
  type UpdateAddHtlc,
  type UpdateFailHtlc,
  type UpdateFailMalformedHtlc,
  type UpdateFee,
  type UpdateFulfillHtlc,
  type UpdateMessage,
} from './messages/htlc.ts'
export type { AcceptChannel, ChannelReady, FundingCreated, FundingSigned, OpenChannel } from './messages/open.ts'
export type { ErrorMessage, Init, Ping, Pong, SetupMessage, WarningMessage } from './messages/setup.ts'
export {
  type ShortChannelId,
  type ShortChannelIdParts,
  shortChannelId,
  shortChannelIdCodec,
  shortChannelIdParts,
} from './shortChannelId.ts'
export { type TlvFields, type TlvRecords, tlvStream } from './tlv.ts'
