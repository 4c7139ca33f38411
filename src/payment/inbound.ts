import type { Msat, NodeId, PaymentHash } from '../base/index.ts'
import type { WayBack } from './wayBack.ts'

// HTLCs of peers that are not answered yet.

/** An HTLC by its channel and its id there. Whose it is, the place says. */
export interface HtlcRef {
  readonly link: number
  readonly id: number
}

export const htlcKey = ({ link, id }: HtlcRef): string => `${link}/${id}`

/**
 * One that pays us: a part of a payment whose rest is awaited, or of one that is held until our user decides. All parts with one hash
 * are a set, and are answered together (BOLT 4, basic multi-part payments).
 */
export interface Part extends HtlcRef {
  readonly paymentHash: PaymentHash
  readonly peer: NodeId
  readonly amountMsat: Msat
  /** What the onion says that this part brings; the HTLC may bring more. */
  readonly promisedMsat: Msat
  /** What all parts of the set are to bring together. */
  readonly totalMsat: Msat
  readonly cltvExpiry: number
  readonly wayBack: WayBack
  /** Milliseconds since 1970. */
  readonly receivedAt: number
}

/** What follows from the parts with one payment hash. */
export interface HtlcSet {
  readonly paymentHash: PaymentHash
  readonly totalMsat: Msat
  readonly promisedMsat: Msat
  /** Of its first part, in milliseconds since 1970. */
  readonly startedAt: number
  /** The least of its parts' expiries. */
  readonly cltvExpiry: number
  /** The keys of its parts, sorted. */
  readonly parts: readonly string[]
}

/** One that is for somebody behind us, and the one that we have offered for it. */
export interface Forward extends HtlcRef {
  readonly from: NodeId
  readonly to: NodeId
  readonly paymentHash: PaymentHash
  readonly amountMsat: Msat
  readonly cltvExpiry: number
  readonly outbound: HtlcRef
  readonly outboundMsat: Msat
  readonly outboundExpiry: number
  /** Whether it had no output of its own on the outgoing channel's commitments when it was offered. */
  readonly isDust: boolean
  readonly wayBack: WayBack
}
