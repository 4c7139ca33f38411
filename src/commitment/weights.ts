import type { CommitmentFormat } from './types.ts'

// The expected weights of the witnesses in witness.ts, with signatures of 73 bytes (BOLT 3 appendix A, BOLT 5 appendix A): upper
// bounds, to set fees by. Each counts its number of items and the length byte of every item.

/** A signature and its length byte. */
const SIGNATURE = 74
const COUNT = 1
const EMPTY = 1

/** 2-of-2 (BOLT 3 appendix A, `multi_sig`). */
const FUNDING_SCRIPT = 71
/** BOLT 5 appendix A, `to_local_script`: it allows 8 bytes for the delay, which takes at most 3. */
const TO_LOCAL_SCRIPT = 83
const TO_REMOTE_ANCHOR_SCRIPT = 37
const ANCHOR_SCRIPT = 40

type PerFormat = { readonly [F in CommitmentFormat]: number }

/** BOLT 3 appendix A, `offered_htlc_script`. */
export const OFFERED_HTLC_SCRIPT_LENGTH: PerFormat = { static_remotekey: 133, anchors_zero_fee_htlc: 136 }
/**
 * BOLT 3 appendix A, `accepted_htlc_script`: with an expiry of 4 bytes. BOLT 5 appendix A reckons with 139 bytes, for one of 3
 * bytes, as every height for the next hundred years has; a peer may choose a larger one.
 */
export const RECEIVED_HTLC_SCRIPT_LENGTH: PerFormat = { static_remotekey: 140, anchors_zero_fee_htlc: 143 }

/** Commitment and closing transactions (BOLT 3 appendix A, `witness`). */
export const FUNDING_WITNESS_WEIGHT = COUNT + EMPTY + 2 * SIGNATURE + 1 + FUNDING_SCRIPT

/** HTLC-timeout (BOLT 3 appendix A, `timeout_witness`). */
export const HTLC_TIMEOUT_WITNESS_WEIGHT = perFormat(
  OFFERED_HTLC_SCRIPT_LENGTH,
  COUNT + EMPTY + 2 * SIGNATURE + EMPTY + 1,
)
/** HTLC-success (BOLT 3 appendix A, `success_witness`). */
export const HTLC_SUCCESS_WITNESS_WEIGHT = perFormat(
  RECEIVED_HTLC_SCRIPT_LENGTH,
  COUNT + EMPTY + 2 * SIGNATURE + 33 + 1,
)

/** `to_local` or a second stage, by its holder after the delay. */
export const DELAYED_WITNESS_WEIGHT = COUNT + SIGNATURE + EMPTY + 1 + TO_LOCAL_SCRIPT
/**
 * `to_local` or a second stage, by revocation (BOLT 5 appendix A, `to_local_penalty_witness`). The figure there forgets the one
 * byte of `1` itself, which the generous script length more than covers.
 */
export const REVOKED_WITNESS_WEIGHT = COUNT + SIGNATURE + 1 + 1 + TO_LOCAL_SCRIPT

/** By revocation, an HTLC that the holder offered (BOLT 5 appendix A, `offered_htlc_penalty_witness`). */
export const OFFERED_HTLC_REVOKED_WITNESS_WEIGHT = perFormat(OFFERED_HTLC_SCRIPT_LENGTH, COUNT + SIGNATURE + 34 + 1)
/** By revocation, an HTLC that the holder received (BOLT 5 appendix A, `accepted_htlc_penalty_witness`). */
export const RECEIVED_HTLC_REVOKED_WITNESS_WEIGHT = perFormat(RECEIVED_HTLC_SCRIPT_LENGTH, COUNT + SIGNATURE + 34 + 1)

/** The counterparty takes an HTLC that the holder offered, with the preimage. */
export const HTLC_PREIMAGE_WITNESS_WEIGHT = perFormat(OFFERED_HTLC_SCRIPT_LENGTH, COUNT + SIGNATURE + 33 + 1)
/** The counterparty takes back an HTLC that the holder received, after its expiry. */
export const HTLC_EXPIRED_WITNESS_WEIGHT = perFormat(RECEIVED_HTLC_SCRIPT_LENGTH, COUNT + SIGNATURE + EMPTY + 1)

/** `to_remote`: P2WPKH, or with anchors its own script. */
export const TO_REMOTE_WITNESS_WEIGHT: PerFormat = {
  static_remotekey: COUNT + SIGNATURE + 34,
  anchors_zero_fee_htlc: COUNT + SIGNATURE + 1 + TO_REMOTE_ANCHOR_SCRIPT,
}

/** An anchor by its owner. */
export const ANCHOR_WITNESS_WEIGHT = COUNT + SIGNATURE + 1 + ANCHOR_SCRIPT
/** An anchor by anyone, after 16 blocks. */
export const ANCHOR_ANYONE_WITNESS_WEIGHT = COUNT + EMPTY + 1 + ANCHOR_SCRIPT

/** The items around a script, and the script with its length byte counted in `around`. */
function perFormat(script: PerFormat, around: number): PerFormat {
  // Scripts are below 253 bytes, so that their length takes one byte.
  return {
    static_remotekey: around + script.static_remotekey,
    anchors_zero_fee_htlc: around + script.anchors_zero_fee_htlc,
  }
}
