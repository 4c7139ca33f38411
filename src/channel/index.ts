// channel: the BOLT 2 machine of one channel with one peer, from open_channel to the last closing signature.
// It must not know connections, stores, wallets or what happens on chain after the funding output is spent (onchain).
// Start reading at types.ts, then updates.ts for how an update travels, then step.ts.
export { htlcsOfRevoked, loadDurable } from './codec/records.ts'
export type { ArchivedHtlc } from './codec/v1.ts'
export {
  type CommitmentContents,
  channelObscuringFactor,
  commitmentContents,
  commitmentInput,
  type StandingHtlc,
} from './contents.ts'
export { dueFeerate, type FeerateContext } from './dueFeerate.ts'
export { type ChannelFailure, describeFailure, type Severity } from './failure.ts'
export { type AcceptChannelRequest, acceptChannel } from './handlers/acceptChannel.ts'
export { channelIdOf } from './handlers/failChannel.ts'
export { unconfirmedFunding } from './handlers/fundingDepth.ts'
export { loseData } from './handlers/lostData.ts'
export { type OpenChannelRequest, openChannel } from './handlers/openChannel.ts'
export { type ChannelLimits, DEFAULT_LIMITS } from './limits.ts'
export { NO_FEATURES } from './noFeatures.ts'
export { isPeerMessage } from './peerMessage.ts'
export { prepareCommitments } from './prepare.ts'
export { type ChannelSketch, channelSketch, recallChannel, sketchOf } from './sketch.ts'
export { spendableMsat } from './spendable.ts'
export { step } from './step.ts'
export { isLegalTransition, TRANSITIONS } from './transitions.ts'
export type {
  Channel,
  ChannelChainInput,
  ChannelCommand,
  ChannelContext,
  ChannelDurable,
  ChannelEffect,
  ChannelEvent,
  ChannelInput,
  ChannelParams,
  ChannelPhase,
  ChannelStep,
  ChannelWrite,
  CloseCause,
  FundedChannel,
  Htlc,
  HtlcResolution,
  NegotiatedFeatures,
  Party,
  PeerMessage,
  UnconfirmedFunding,
} from './types.ts'
export type { WhichCommitment } from './updates.ts'
