import { msat } from '../base/index.ts'
import type { PaymentLimits } from './types.ts'

export const DEFAULT_PAYMENT_LIMITS: PaymentLimits = {
  maxOpenInvoices: 10_000,
  maxPaymentsInFlight: 5_000,
  maxTokens: 100,
  maxPartsSent: 16,
  maxOnionsPerPayment: 100,
  leastMaxFeeMsat: msat(5_000n),
  maxFeeMillionths: 10_000,
  finalCltvExpiryDelta: 40,
  minKeysendCltvExpiryDelta: 21,
  cltvMarginBlocks: 3,
  defaultExpirySeconds: 3600,
  maxExpirySeconds: 31 * 24 * 3600,
  defaultTimeoutMs: 60_000,
  mppTimeoutMs: 60_000,
  maxPartsPerPayment: 200,
  maxPartsHeld: 5_000,
  holdCltvExpiryDelta: 144,
  heldDeadlineBlocks: 24,
  maxCltvExpiryDelta: 2016,
  feeBaseMsat: msat(1_000n),
  feeProportionalMillionths: 100,
  cltvExpiryDelta: 80,
  htlcMinimumMsat: msat(1n),
  minCltvExpiryDelta: 34,
  minOutgoingExpiryBlocks: 3,
  upstreamDeadlineBlocks: 3,
  maxForwards: 10_000,
  maxForwardsPerPeer: 400,
  maxForwardedMsatPerPeer: msat(100_000_000_000n),
  maxForwardedDustMsatPerPeer: msat(5_000_000n),
  maxOnionsSeen: 200_000,
}

/** Blocks that a recipient may ask for at most: money that is neither here nor there for more than two weeks serves nobody. */
export const MAX_FINAL_CLTV_EXPIRY_DELTA = 2016

/** How long an expired invoice is kept, in milliseconds. It is not paid any more, but those who ask find it. */
export const EXPIRED_INVOICE_GRACE_MS = 3_600_000

/** Expired invoices are swept in lots: at most once in so many milliseconds, whatever their number. */
export const SWEEP_INTERVAL_MS = 60_000
