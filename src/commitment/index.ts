// commitment: every transaction of BOLT 3: funding output, commitment, HTLC and closing transactions, their scripts, fees,
// signatures and witnesses. It must not know messages, channel states or blocks: what is allowed when is decided above.
// Start reading at types.ts, then commitmentTx.ts.
export {
  buildClosingTx,
  buildLegacyClosingTx,
  type ClosingFailure,
  type ClosingParty,
  type ClosingVariant,
  closingFeeSat,
  closingWeight,
} from './closingTx.ts'
export { buildCommitmentTx } from './commitmentTx.ts'
export {
  ANCHOR_SAT,
  anchorsCostSat,
  COMMITMENT_BASE_WEIGHT,
  commitmentFeeSat,
  commitmentWeight,
  HTLC_OUTPUT_WEIGHT,
  HTLC_SUCCESS_WEIGHT,
  HTLC_TIMEOUT_WEIGHT,
  htlcTxFeeSat,
  isTrimmed,
  trimLimitMsat,
} from './fees.ts'
export { buildHtlcTx } from './htlcTx.ts'
export { deriveCommitmentKeys } from './keys.ts'
export { commitmentNumberOf, MAX_COMMITMENT_NUMBER, obscuringFactor } from './number.ts'
export {
  anchorScript,
  fundingScript,
  fundingWitnessScript,
  offeredHtlcScript,
  receivedHtlcScript,
  secondStageScript,
  toLocalScript,
  toRemoteAnchorScript,
} from './scripts.ts'
export {
  closingSighash,
  commitmentSighash,
  type HtlcPlace,
  type HtlcSigner,
  htlcSighash,
  htlcSighashType,
  signClosing,
  signCommitment,
  signHtlcTx,
  verifyClosingSignature,
  verifyCommitmentSignature,
  verifyHtlcSignature,
} from './signatures.ts'
export type {
  AnchorOutput,
  ClosingTx,
  CommitmentFormat,
  CommitmentHtlc,
  CommitmentInput,
  CommitmentKeys,
  CommitmentOutput,
  CommitmentTx,
  DelayedScript,
  FundingOutput,
  HtlcOutput,
  HtlcTx,
  ToLocalOutput,
  ToRemoteOutput,
} from './types.ts'
export {
  ANCHOR_ANYONE_WITNESS_WEIGHT,
  ANCHOR_WITNESS_WEIGHT,
  DELAYED_WITNESS_WEIGHT,
  FUNDING_WITNESS_WEIGHT,
  HTLC_EXPIRED_WITNESS_WEIGHT,
  HTLC_PREIMAGE_WITNESS_WEIGHT,
  HTLC_SUCCESS_WITNESS_WEIGHT,
  HTLC_TIMEOUT_WITNESS_WEIGHT,
  OFFERED_HTLC_REVOKED_WITNESS_WEIGHT,
  OFFERED_HTLC_SCRIPT_LENGTH,
  RECEIVED_HTLC_REVOKED_WITNESS_WEIGHT,
  RECEIVED_HTLC_SCRIPT_LENGTH,
  REVOKED_WITNESS_WEIGHT,
  TO_REMOTE_WITNESS_WEIGHT,
} from './weights.ts'
export {
  anchorAnyoneWitness,
  anchorWitness,
  type BothSignatures,
  delayedWitness,
  fundingWitness,
  htlcExpiredWitness,
  htlcPreimageWitness,
  htlcRevokedWitness,
  htlcSuccessWitness,
  htlcTimeoutWitness,
  revokedWitness,
  signedClosingTx,
  signedCommitmentTx,
  toRemoteAnchorWitness,
  type Witness,
} from './witness.ts'
