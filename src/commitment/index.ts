// commitment: every transaction of BOLT 3: funding output, commitment, HTLC and closing transactions, their scripts, fees,
// signatures and witnesses. It must not know messages, channel states or blocks: what is allowed when is decided above.
// Start reading at types.ts, then commitmentTx.ts.
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
} from './fees.ts'
export { buildHtlcTx } from './htlcTx.ts'
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
