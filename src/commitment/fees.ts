import { add, type FeeratePerKw, feeForWeight, type Msat, type Sat, sat, satToMsat } from '../base/index.ts'
import type { CommitmentFormat } from './types.ts'

// What a commitment costs, and which HTLCs are too small for it (BOLT 3, fees and trimmed outputs). One set of functions for
// both commitments and both roles, so that the two peers cannot disagree with themselves.

/** BOLT 3, to_local_anchor and to_remote_anchor: the dust limit of P2WSH. */
export const ANCHOR_SAT: Sat = sat(330)

/** The weight of each HTLC output (BOLT 3 appendix A). */
export const HTLC_OUTPUT_WEIGHT = 172

/** Expected weight of a commitment transaction without HTLCs, signatures of 73 bytes included (BOLT 3 appendix A). */
export const COMMITMENT_BASE_WEIGHT: { readonly [F in CommitmentFormat]: number } = {
  static_remotekey: 724,
  anchors_zero_fee_htlc: 1124,
}

/** Expected weight of HTLC-timeout (BOLT 3 appendix A). */
export const HTLC_TIMEOUT_WEIGHT: { readonly [F in CommitmentFormat]: number } = {
  static_remotekey: 663,
  anchors_zero_fee_htlc: 666,
}

/** Expected weight of HTLC-success; one more than its parts add up to, for historical reasons (BOLT 3 appendix A). */
export const HTLC_SUCCESS_WEIGHT: { readonly [F in CommitmentFormat]: number } = {
  static_remotekey: 703,
  anchors_zero_fee_htlc: 706,
}

/** Expected weight with `untrimmedHtlcCount` HTLC outputs (BOLT 3, fee calculation). */
export function commitmentWeight(format: CommitmentFormat, untrimmedHtlcCount: number): number {
  return COMMITMENT_BASE_WEIGHT[format] + HTLC_OUTPUT_WEIGHT * untrimmedHtlcCount
}

/** The base fee, which the opener pays (BOLT 3, fee calculation). */
export function commitmentFeeSat(format: CommitmentFormat, feerate: FeeratePerKw, untrimmedHtlcCount: number): Sat {
  return feeForWeight(feerate, commitmentWeight(format, untrimmedHtlcCount))
}

/** What the opener pays for both anchors, whether or not both are there (BOLT 3, commitment transaction construction). */
export function anchorsCostSat(format: CommitmentFormat): Sat {
  return format === 'anchors_zero_fee_htlc' ? sat(2n * ANCHOR_SAT) : sat(0)
}

/** The fee of an HTLC's second stage: HTLC-timeout where the holder offered it, else HTLC-success (BOLT 3, fee calculation). */
export function htlcTxFeeSat(format: CommitmentFormat, feerate: FeeratePerKw, direction: 'offered' | 'received'): Sat {
  if (format === 'anchors_zero_fee_htlc') return sat(0)
  const weight = direction === 'offered' ? HTLC_TIMEOUT_WEIGHT[format] : HTLC_SUCCESS_WEIGHT[format]
  return feeForWeight(feerate, weight)
}

/**
 * Whether an HTLC has no output in a commitment: if, and only if, its whole satoshis less the fee of its second stage are
 * below the holder's dust limit (BOLT 3, trimmed outputs).
 */
export function isTrimmed(
  htlc: { readonly direction: 'offered' | 'received'; readonly amountMsat: Msat },
  terms: { readonly format: CommitmentFormat; readonly feeratePerKw: FeeratePerKw; readonly dustLimitSat: Sat },
): boolean {
  return htlc.amountMsat < trimLimitMsat(htlc.direction, terms)
}

/** The least amount with which an HTLC has an output in a commitment; for many HTLCs of one commitment made once. */
export function trimLimitMsat(
  direction: 'offered' | 'received',
  terms: { readonly format: CommitmentFormat; readonly feeratePerKw: FeeratePerKw; readonly dustLimitSat: Sat },
): Msat {
  return satToMsat(add(terms.dustLimitSat, htlcTxFeeSat(terms.format, terms.feeratePerKw, direction)))
}
