// link: one channel over its whole life: the channel machine, its enforcement on chain, and its funding, composed into one step.
// It must not know other channels, connections or the wallet: the engine gives it what is for it.
// Start reading at types.ts, then step.ts.
export { channelOutputs, channelSpends } from './enforcement.ts'
export { dueFeerateOf } from './feerate.ts'
export { linkJustice, type RevokedState, revokedIn, revokedState } from './justice.ts'
export { loadLink } from './load.ts'
export { recordsWithoutTrust } from './lostData.ts'
export { prepareLink } from './prepare.ts'
export { forgetSecrets } from './secrets.ts'
export { shortChannelIdOf } from './shortChannelId.ts'
export { linkSketch, recalledLink } from './sketch.ts'
export {
  isFailedOpening,
  isIdle,
  isTouchedAbove,
  isUnfunded,
  isUnfundedByPeer,
  isUsable,
  ownFunding,
} from './standing.ts'
export { linkMachine, linkStep } from './step.ts'
export {
  type ConfirmedFunding,
  type LinkContext,
  type LinkEffect,
  type LinkInput,
  type LinkState,
  type LinkStep,
  type LinkWrite,
  NEW_LINK,
} from './types.ts'
