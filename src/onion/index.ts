// onion: BOLT 4. Packets that each hop of a route peels by one layer, what they say to the hop, failures on their way back,
// blinded paths, and messages without a payment. It must not know channels, routes, or which payments are ours.
// Start reading at build.ts and peel.ts; then paymentOnion.ts, failurePacket.ts and onionMessage.ts put them to use.
export { attributeFulfill, fulfillHoldTimes, type HopAttribution } from './attribution.ts'
export {
  type BlindedHop,
  type BlindedPath,
  createBlindedPath,
  type DirectedChannel,
  type InvalidNodeId,
  type Unblinded,
  type UnblindFailure,
  unblind,
} from './blindedPath.ts'
export { blindedPathCodec } from './blindedPathCodec.ts'
export { type BuildFailure, type BuiltOnion, buildOnion, type OnionHop, type OnionPlan } from './build.ts'
export {
  BADONION,
  decodeFailureMessage,
  encodeFailureMessage,
  type FailureMessage,
  type FailureName,
  failureCode,
  failureName,
  type KnownFailure,
  NODE,
  PERM,
  type UnknownFailure,
  UPDATE,
} from './failureMessages.ts'
export { buildFailure, type DecodedFailure, decodeFailure, type FailurePacket, wrapFailure } from './failurePacket.ts'
export type { OnionMessageContent } from './messagePayload.ts'
export type { MalformedOnion, OnionFailure, RefusedOnion } from './onionFailure.ts'
export {
  buildOnionMessage,
  type MessageDestination,
  type MessageFailure,
  type MessagePlan,
  type OnionMessageFields,
  type OpenedMessage,
  type OutgoingMessage,
  openOnionMessage,
} from './onionMessage.ts'
export {
  type BlindedFinalPayload,
  type BlindedIntermediatePayload,
  decodeFinalPayload,
  decodeIntermediatePayload,
  encodeFinalPayload,
  encodeIntermediatePayload,
  type FinalPayload,
  type IntermediatePayload,
  type PayloadFailure,
  type PlainFinalPayload,
  type PlainIntermediatePayload,
} from './payload.ts'
export {
  type ForwardedOnion,
  type OnionHtlc,
  type OpenedOnion,
  openPaymentOnion,
  type PathPosition,
  type ReceivedOnion,
  refuseOnion,
} from './paymentOnion.ts'
export { type OnionToPeel, type PeeledOnion, peelOnion } from './peel.ts'
export {
  decodeRecipientData,
  encodeRecipientData,
  type PaymentConstraints,
  type PaymentRelay,
  padRecipientData,
  type RecipientData,
} from './recipientData.ts'
export type { RecordFailure, TlvRecord } from './records.ts'
export { aggregateRelays, type HopAmounts, type NextHop, relayAmounts } from './relay.ts'
