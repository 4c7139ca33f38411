import { type Msat, msat } from '../base/index.ts'

/** Every bound of the payments, and what is asked for where nobody says anything. */
export interface PaymentLimits {
  readonly maxOpenInvoices: number
  readonly maxPaymentsInFlight: number
  readonly maxTokens: number
  /** HTLCs that one payment of ours is split into. */
  readonly maxPartsSent: number
  /** Onions that are made for one payment of ours: then it has been tried often enough. */
  readonly maxOnionsPerPayment: number
  /** What a payment may cost where its user says nothing: this, or so many millionths of the amount, whichever is more. */
  readonly leastMaxFeeMsat: Msat
  readonly maxFeeMillionths: number
  /**
   * Blocks that our invoices ask for (BOLT 11, min_final_cltv_expiry_delta), and that those get whom we pay without an invoice: far
   * more than the deadline of a fulfilled HTLC, so that a peer may be away for some hours without costing the channel.
   */
  readonly finalCltvExpiryDelta: number
  /**
   * The least that others may give us where no invoice has asked for anything. With the 18 blocks of BOLT 2 (cltv_expiry_delta selection)
   * the deadline of a fulfilled HTLC would have come when it does, and the first block would close the channel: some blocks more.
   */
  readonly minKeysendCltvExpiryDelta: number
  /** Blocks that we add as a payer, so that one in between does no harm. */
  readonly cltvMarginBlocks: number
  readonly defaultExpirySeconds: number
  readonly maxExpirySeconds: number
  readonly defaultTimeoutMs: number
  /** How long the first part of a payment waits for the last one (BOLT 4, basic multi-part payments: 60 seconds at least). */
  readonly mppTimeoutMs: number
  readonly maxPartsPerPayment: number
  /** HTLCs that wait for others or for our user, over all channels. */
  readonly maxPartsHeld: number
  /** Blocks that an invoice asks for whose preimage our user keeps back: they are what the user has to decide. */
  readonly holdCltvExpiryDelta: number
  /** So many blocks before its expiry goes back what still waits: enough to be taken off the commitments in peace. */
  readonly heldDeadlineBlocks: number
  /** An HTLC that expires further away than this many blocks is refused (BOLT 4, max_htlc_cltv selection). */
  readonly maxCltvExpiryDelta: number

  // What we ask for passing payments on, where our user has said nothing else.
  readonly feeBaseMsat: Msat
  readonly feeProportionalMillionths: number
  readonly cltvExpiryDelta: number
  readonly htlcMinimumMsat: Msat
  /** No policy asks for less: BOLT 2, cltv_expiry_delta selection, has the sum. */
  readonly minCltvExpiryDelta: number
  /** An HTLC that would expire within so many blocks is not offered to anybody. */
  readonly minOutgoingExpiryBlocks: number
  /** So many blocks before it expires, an HTLC that was passed on goes back, whatever becomes of it downstream. */
  readonly upstreamDeadlineBlocks: number
  /** HTLCs that are passed on at once, over all channels. */
  readonly maxForwards: number
  // Of those, what one peer may have sent: how many, how much, and how much that the chain would not give back.
  readonly maxForwardsPerPeer: number
  readonly maxForwardedMsatPerPeer: Msat
  readonly maxForwardedDustMsatPerPeer: Msat
  /** Onions that are remembered, so that none is opened twice. */
  readonly maxOnionsSeen: number
}

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
