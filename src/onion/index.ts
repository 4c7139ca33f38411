// onion: BOLT 4. Packets that each hop of a route peels by one layer, what they say to the hop, and failures on their way back.
// It must not know channels, routes, or which payments are ours. Start reading at build.ts and peel.ts, then payload.ts and
// failurePacket.ts.
export { attributeFulfill, fulfillHoldTimes, type HopAttribution } from './attribution.ts'
export { type BuildFailure, type BuiltOnion, buildOnion, type OnionHop, type OnionPlan } from './build.ts'
export {
  BADONION,
  decodeFailureMessage,
  encodeFailureMessage,
  type FailureMessage,
  type FailureName,
  failureCode,
  type KnownFailure,
  NODE,
  PERM,
  type UnknownFailure,
  UPDATE,
} from './failureMessages.ts'
export { buildFailure, type DecodedFailure, decodeFailure, type FailurePacket, wrapFailure } from './failurePacket.ts'
export type { MalformedOnion, OnionFailure, RefusedOnion } from './onionFailure.ts'
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
export { type OnionToPeel, type PeeledOnion, peelOnion } from './peel.ts'
export type { TlvRecord } from './records.ts'
