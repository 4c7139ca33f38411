/** HTLCs of a route: as many payloads of usual length fit an onion (BOLT 4, packet structure). */
export const MAX_HOPS = 20
/** Blocks that our money may be held in the worst case: two weeks, as everybody counts (BOLT 4, expiry_too_far). */
export const DEFAULT_MAX_CLTV_DELTA = 2016
/** Parts of one payment, and the least that one of them is. */
export const DEFAULT_MAX_PARTS = 16
export const DEFAULT_MIN_PART_MSAT = 10_000n
/** Routes that the search for parts may look for: each costs a search over the graph. */
export const MAX_SEARCHES = 64
/** Ways to one node that none of the others is better than in all respects. */
export const MAX_LABELS_PER_NODE = 64
/** Ways that the strict search keeps: to look for something better than what the quick one found, and where that found nothing. */
export const MAX_LABELS_TO_IMPROVE = 500
export const MAX_LABELS_TO_FIND = 20_000
/** What is asked for at most: far above any channel, and far below where numbers are no longer exact. */
export const LARGEST_AMOUNT_MSAT = 2n ** 50n
/** Channels that the past tells something of. The oldest half goes when they are more. */
export const MAX_REMEMBERED_CHANNELS = 20_000
