/** The longest text that is looked at: what the largest QR code can hold. BOLT 11 sets no bound, so this is ours. */
export const MAX_INVOICE_LENGTH = 7089

/** What the 10 bits of `data_length` can say (BOLT 11, Tagged Fields). */
export const MAX_FIELD_WORDS = 1023

/** What a description may have in UTF-8: 1023 words of 5 bits (BOLT 11, Tagged Fields). */
export const MAX_DESCRIPTION_BYTES = 639

/** The expiry of an invoice that says none, in seconds (BOLT 11, field `x`). */
export const DEFAULT_EXPIRY_SECONDS = 3600

/** The distance of an invoice that says none, in blocks (BOLT 11, field `c`). */
export const DEFAULT_MIN_FINAL_CLTV_EXPIRY_DELTA = 18

/** `timestamp` has 35 bits (BOLT 11, Data Part). */
export const TIMESTAMP_WORDS = 7
export const MAX_TIMESTAMP = 2 ** 35 - 1

/** r, s and the recovery id in 65 bytes (BOLT 11, Data Part). */
export const SIGNATURE_WORDS = 104

/** Our bound on `x`: the longest for which `timestamp` plus `expiry` is an exact number. */
export const MAX_EXPIRY_SECONDS = Number.MAX_SAFE_INTEGER - MAX_TIMESTAMP

/** Our bound on `c`: `cltv_expiry` of an HTLC has 32 bits, so no larger distance can be met. */
export const MAX_MIN_FINAL_CLTV_EXPIRY_DELTA = 2 ** 32 - 1
