// Where each field of a row stands. Amounts are numbers of 64 bits: exact up to 2^53 msat, 90,000 bitcoin, above which nothing is counted.

/** Words in the row of a channel: 120 bytes. */
export const CHANNEL_WIDTH = 30

/**
 * Fields of a channel. Those with two values have that of `node_id_1` first, the other one word further. A row that is free
 * leads to the next one in its last word.
 */
export const CHANNEL = {
  /** Numbers of 64 bits: `htlc_minimum_msat` of direction `d` stands at `MINIMUM + 2 * d`, `htlc_maximum_msat` likewise. */
  CAPACITY_SAT: 0,
  MINIMUM: 1,
  MAXIMUM: 2,
  // Words from here. What a search looks at first stands in the first half of the row.
  /** The rows of the two nodes. */
  NODE: 10,
  FLAGS: 12,
  /** The block in which its funding output was spent, or 0. */
  SPENT_HEIGHT: 13,
  SCID_HIGH: 14,
  SCID_LOW: 15,
  FEE_BASE: 16,
  FEE_MILLIONTHS: 18,
  CLTV_DELTA: 20,
  TIMESTAMP: 22,
  CHECKSUM: 24,
  /** The first four bytes of the txid of its funding. */
  FUNDING: 26,
  NEXT_BY_SCID: 27,
  NEXT_BY_FUNDING: 28,
  /** How many updates are left to each direction, see rates.ts. */
  ALLOWANCE: 29,
} as const

/** Bits of a channel's flags. Of a pair, `<< direction`. */
export const CHANNEL_FLAG = {
  LIVE: 1,
  /** There is a `channel_update` of this direction. */
  POLICY: 2,
  DISABLED: 8,
  /** Its features have an even bit that we do not know: nothing is routed through it. */
  UNROUTABLE: 32,
} as const

/** Words in the row of a node: 64 bytes. */
export const NODE_WIDTH = 16

export const NODE = {
  /** The 33 bytes of the id: the first one, then 32 in eight words. */
  ID: 0,
  /** Of its `node_announcement`, or 0. */
  TIMESTAMP: 10,
  FLAGS: 11,
  CHANNELS: 12,
  NEXT_BY_ID: 13,
  ALLOWANCE: 14,
} as const

export const NODE_FLAG = {
  LIVE: 1,
  /** Its features have an even bit that we do not know: nothing is routed through it, nor to it without an invoice. */
  UNROUTABLE: 2,
  OFFERS_MPP: 4,
  OFFERS_ONION_MESSAGES: 8,
  OFFERS_ATTRIBUTION: 16,
} as const

/** The largest amount that a row holds, in millisatoshis. */
export const LARGEST_COUNTED_MSAT = Number.MAX_SAFE_INTEGER
