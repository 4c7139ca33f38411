import { type FeeratePerKw, feeratePerKw, type Msat, msat, type Sat, sat } from '../base/index.ts'

// Every bound that a channel applies, with its name. The defaults are those of the design; a node may set its own.

export interface ChannelLimits {
  // What we announce.
  readonly dustLimitSat: Sat
  readonly toSelfDelay: number
  /** The reserve that we ask of the peer, in parts of a million of the capacity, never below the dust limits. */
  readonly reservePartsPerMillion: number
  readonly maxAcceptedHtlcs: number
  readonly maxHtlcValueInFlightMsat: Msat
  readonly htlcMinimumMsat: Msat
  readonly minimumDepth: number
  // What we accept of the peer.
  readonly minFundingSat: Sat
  readonly maxFundingSat: Sat
  readonly maxToSelfDelay: number
  readonly maxMinimumDepth: number
  readonly maxDustLimitSat: Sat
  readonly maxReservePartsPerMillion: number
  readonly minAcceptedHtlcs: number
  readonly maxHtlcMinimumMsat: Msat
  readonly minHtlcValueInFlightMsat: Msat
  readonly minFeeratePerKw: FeeratePerKw
  readonly maxFeeratePerKw: FeeratePerKw
  /** A commitment fee above this share of the capacity is refused: an old state that burns itself cannot be punished. */
  readonly maxCommitmentFeePartsPerMillion: number
  readonly maxDustHtlcExposureMsat: Msat
  /** An HTLC that expires further away than this many blocks is failed back. */
  readonly maxCltvExpiryDelta: number
  /** Blocks before an expiry at which we go on chain with a preimage that the peer does not acknowledge. */
  readonly fulfillDeadlineBlocks: number
  /** Blocks after an expiry at which we go on chain for an HTLC of ours that the peer does not fail. */
  readonly timeoutGraceBlocks: number
  /** Where nobody has confirmed since the start that our records are the newest: blocks for which our commitment is not published. */
  readonly unprovenHoldBlocks: number
  /** The same where the deadline of an HTLC has come. */
  readonly unprovenHtlcHoldBlocks: number
  /** An accepter forgets a channel whose funding is not confirmed after this many blocks (BOLT 2, channel_ready). */
  readonly fundingTimeoutBlocks: number
  /** Fully signed mutual closes that are kept. */
  readonly maxMutualCloses: number
  // When we change the feerate of a channel that we have opened, in percent of the one that we would choose now.
  readonly raiseFeerateBelowPercent: number
  readonly lowerFeerateAbovePercent: number
}

export const DEFAULT_LIMITS: ChannelLimits = {
  dustLimitSat: sat(354),
  toSelfDelay: 144,
  reservePartsPerMillion: 10_000,
  maxAcceptedHtlcs: 50,
  maxHtlcValueInFlightMsat: msat(0xffff_ffff_ffffn),
  htlcMinimumMsat: msat(1),
  minimumDepth: 3,
  minFundingSat: sat(20_000),
  maxFundingSat: sat(1_000_000_000),
  maxToSelfDelay: 2016,
  maxMinimumDepth: 100,
  maxDustLimitSat: sat(1_062),
  maxReservePartsPerMillion: 50_000,
  minAcceptedHtlcs: 5,
  maxHtlcMinimumMsat: msat(1_000_000),
  minHtlcValueInFlightMsat: msat(5_000_000),
  minFeeratePerKw: feeratePerKw(253),
  maxFeeratePerKw: feeratePerKw(250_000),
  maxCommitmentFeePartsPerMillion: 500_000,
  maxDustHtlcExposureMsat: msat(5_000_000),
  maxCltvExpiryDelta: 2016,
  fulfillDeadlineBlocks: 18,
  timeoutGraceBlocks: 2,
  unprovenHoldBlocks: 144,
  unprovenHtlcHoldBlocks: 6,
  fundingTimeoutBlocks: 2016,
  maxMutualCloses: 100,
  raiseFeerateBelowPercent: 80,
  lowerFeerateAbovePercent: 200,
}

/** BOLT 2, open_channel: at most this many HTLCs in each direction. */
export const MAX_ACCEPTED_HTLCS = 483
/** BOLT 2, open_channel: no dust limit below this. */
export const MIN_DUST_LIMIT_SAT: Sat = sat(354)
/** BOLT 2, open_channel: the capacity limit without option_support_large_channel. */
export const MAX_FUNDING_WITHOUT_LARGE_CHANNELS_SAT: Sat = sat((1n << 24n) - 1n)
/** BOLT 2, update_add_htlc: an expiry from here on would be a time. */
export const MAX_CLTV_EXPIRY = 500_000_000
/** BOLT 2, channel_ready: a coinbase funding needs this depth. */
export const COINBASE_MINIMUM_DEPTH = 100
