// The numbers of enforcement, each with its reason.

/** From this depth on a confirmed transaction is taken as final for a decision that costs money upstream (BOLT 5, "reasonable depth"). */
export const SAFE_DEPTH = 6

/**
 * From this depth on an output counts as irrevocably resolved, and a channel as closed. BOLT 5 says 100, which is the longest fork anyone
 * fears; six blocks is what nodes in use take. What a deeper reorganisation brings back is claimed again all the same.
 */
export const IRREVOCABLE_DEPTH = 6

/** BOLT 5's `security_delay`: that many blocks before an HTLC's expiry its output is claimed by a transaction of its own. */
export const SPLIT_BLOCKS = 18

/** As many blocks after its expiry an HTLC that we offered should be back: those upstream wait for no longer (BOLT 2, cltv_expiry_delta selection). */
export const TAKE_BACK_BLOCKS = 18

/** As many blocks an HTLC still takes after the commitment that it stands on, with anchors: its own transaction waits for one. */
export const SECOND_STAGE_BLOCKS = 2

/** What the relay of a replacement costs on top of what it replaces, in satoshis per 1,000 weight units (Bitcoin Core, `incrementalrelayfee`). */
export const INCREMENTAL_RELAY_PER_KW = 250

/** The heaviest transaction of ours: below what nodes relay, 400,000 (BOLT 5, penalty transactions weight calculation). */
export const MAX_CLAIM_WEIGHT = 396_000

/** So long after its claim was possible first, and its HTLC has expired, an output is waited for that is not worth its claim. */
export const LEFT_AFTER_BLOCKS = 144

/**
 * What pays for its claim at this feerate is never given up, however high feerates are: it waits until they fall. 20 sat per vbyte
 * is what feerates come back to after a rush; it leaves less than 4,000 sat of an output at most.
 */
export const LEFT_FEERATE_PER_KW = 5_000

/** What relays at all: an output that is dust after a claim at this feerate never pays for its own claim. */
export const LOWEST_FEERATE_PER_KW = 253
