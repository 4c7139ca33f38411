import { feeratePerKw, msat, sat } from '../../base/index.ts'
import type { NegotiatedFeatures } from '../../channel/index.ts'

/** What Alice locks. */
export const CAPACITY_SAT = sat(1_000_000)
/** 10 sat per virtual byte, for everything. */
export const DEMO_FEERATE = feeratePerKw(2_500)
/** What each wallet starts with: a coin for the channel, and small ones for fees. */
export const WALLET_COINS_SAT = [sat(1_500_000), sat(50_000), sat(50_000), sat(50_000)] as const
/** Payments on their way at once, both directions together. */
export const MAX_IN_FLIGHT = 80
/** And by one side: below the fifty that the other one accepts. */
export const MAX_OFFERED = 45
/** Payments are between these two, all of them large enough for the chain. */
export const MIN_PAYMENT_MSAT = msat(1_000_000n)
export const MAX_PAYMENT_MSAT = msat(5_000_000n)
/** What each keeps back when it pays: the reserve, and for Alice, who pays the fees, room for them to rise. */
export const KEPT_MSAT = { alice: 60_000_000n, bob: 10_000_000n } as const
/** An onion is opaque still (BOLT 4 gives its length). */
export const ONION_LENGTH = 1366
/** Blocks from now on until a payment expires. */
export const PAYMENT_EXPIRY_BLOCKS = 144
/** Inputs, outputs and signatures of the smallest usual payment: one P2WPKH input, two P2WPKH outputs. */
export const ONCHAIN_PAYMENT_VBYTES = 141
/** What all blocks together can hold. */
export const BLOCK_VBYTES = 1_000_000

export const DEMO_FEATURES: NegotiatedFeatures = {
  upfrontShutdownScript: false,
  shutdownAnySegwit: true,
  simpleClose: true,
  largeChannels: true,
  scidAlias: true,
  zeroConf: true,
  attributionData: true,
}
