// onchain: BOLT 5 for one channel. Who may spend which output when, and what we do about it, as a pure step.
// It must not know messages or channel states (the channel room is a stranger): all it knows of the channel is a `ChannelView`.
// Start reading at types.ts, then spendPaths.ts (what may happen) and step.ts (what we do).
//
//     caller                                      step
//     started (new channel, and each start)   →   watch …; publish what is due
//     spent, for each watched outpoint        →   watch …, event …, load_revoked_htlcs where the peer cheated
//     revoked_htlcs (the archive's answer)    →   publish (penalties)
//     block, after all spends of the block    →   publish (again, until confirmed), event …
//     view_updated (preimage, wish to close)  →   publish
//     reorg, then spends and blocks anew      →   (facts are dropped, all else follows)
//     …until event resolved: delete the records
export { loadOnchainState } from './codec/records.ts'
export { channelHtlc } from './codec/v1.ts'
export { type Justice, justiceFor } from './justice.ts'
export { IRREVOCABLE_DEPTH, MAX_CLAIM_WEIGHT, SAFE_DEPTH, SPLIT_BLOCKS } from './limits.ts'
export { type OutputOutlook, outlook } from './outlook.ts'
export { wasClaimed, wasResolved } from './sentences.ts'
export type { DirectPath, DirectWay, HtlcTxPath, SpendKey, SpendPath, TransactionPath } from './spendPath.ts'
export { spendPaths } from './spendPaths.ts'
export { step } from './step.ts'
export {
  type ChainFacts,
  type ChannelHtlc,
  type ChannelView,
  type Claim,
  type ClaimRole,
  type CommitmentName,
  type ConfirmedTx,
  emptyOnchainState,
  type FeeCoin,
  type HtlcRef,
  type LocalCommitView,
  type OnchainContext,
  type OnchainEffect,
  type OnchainEvent,
  type OnchainEventFacts,
  type OnchainInput,
  type OnchainState,
  type OnchainStep,
  type OnchainWrite,
  type Party,
  type PartyView,
  type PublishRole,
  type RemoteCommitView,
  type RevokedHtlcs,
  type SpentCoin,
} from './types.ts'
