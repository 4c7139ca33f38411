// wire: every message of BOLT 1, 2, 4 and 7 as a plain value and its bytes, BigSize, TLV streams, BOLT 9 features.
// It must not know keys, transactions or what a message means. Start reading at message.ts.
export { bigSize, bigSizeNumber } from './bigsize.ts'
export {
  channelTypes,
  checkFeatures,
  combineFeatures,
  type FeatureFailure,
  featureBits,
  featuresEqual,
  hasFeature,
  listFeatures,
  offersFeature,
  unknownRequiredBits,
} from './features.ts'
export { FEATURES, type Feature, type FeatureName } from './featureTable.ts'
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
  isChannelMessage,
  isGossip,
  MAX_MESSAGE_LENGTH,
  type Message,
  type UnknownMessage,
} from './message.ts'
export type { ClosingComplete, ClosingSig, ClosingSigned, Shutdown } from './messages/close.ts'
export type { ChannelReestablish, CommitmentSigned, RevokeAndAck } from './messages/commitment.ts'
export type {
  AnnouncementSignatures,
  ChannelAnnouncement,
  ChannelUpdate,
  GossipMessage,
  NodeAnnouncement,
} from './messages/gossip.ts'
export type {
  GossipQueryMessage,
  GossipTimestampFilter,
  QueryChannelRange,
  QueryShortChannelIds,
  ReplyChannelRange,
  ReplyShortChannelIdsEnd,
} from './messages/gossipQueries.ts'
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
export type {
  InteractiveTxMessage,
  TxAbort,
  TxAckRbf,
  TxAddInput,
  TxAddOutput,
  TxComplete,
  TxInitRbf,
  TxRemoveInput,
  TxRemoveOutput,
  TxSignatures,
} from './messages/interactiveTx.ts'
export type { NodeAddress } from './messages/nodeAddress.ts'
export type { OnionMessage } from './messages/onion.ts'
export type { AcceptChannel, ChannelReady, FundingCreated, FundingSigned, OpenChannel } from './messages/open.ts'
export type { AcceptChannel2, DualFundingMessage, OpenChannel2 } from './messages/openV2.ts'
export type { PeerStorage, PeerStorageMessage, PeerStorageRetrieval } from './messages/peerStorage.ts'
export type { ErrorMessage, Init, Ping, Pong, SetupMessage, WarningMessage } from './messages/setup.ts'
export type { SpliceAck, SpliceInit, SpliceLocked, SpliceMessage, StartBatch, Stfu } from './messages/splice.ts'
export {
  type ShortChannelId,
  type ShortChannelIdParts,
  shortChannelId,
  shortChannelIdCodec,
  shortChannelIdParts,
} from './shortChannelId.ts'
export { type TlvFields, type TlvRecords, tlvStream } from './tlv.ts'
