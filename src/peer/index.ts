// peer: BOLT 1 with one peer over all of its connections: init, features, pings, which of two connections stays, when to dial.
// It must not know sockets, channels or what a message means to the floors above; nothing of it is stored.
// Start reading at types.ts, then step.ts, then connection.ts for the rule of two connections.

export { type FeatureOptions, isNegotiated, localFeatures, negotiate, supportedFeatures } from './features.ts'
export { DEFAULT_PEER_LIMITS, type PeerLimits } from './limits.ts'
export type { CloseCode, CloseReason } from './reasons.ts'
export { peerStep } from './step.ts'
export {
  type DeliveredMessage,
  type Dial,
  type Line,
  newPeer,
  type PeerAddress,
  type PeerContext,
  type PeerEffect,
  type PeerInput,
  type PeerState,
  type PeerStep,
  type UpLine,
} from './types.ts'
