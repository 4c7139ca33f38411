import type { Msat, NodeId, PaymentHash } from '../base/index.ts'
import type { Network } from '../bitcoin/index.ts'
import type { ShortChannelId } from '../wire/index.ts'

/** What a payee puts into an invoice (BOLT 11, Data Part and Tagged Fields). What is left out takes the default of BOLT 11. */
export interface InvoiceFields {
  readonly network: Network
  /** The least that has to be paid, above zero; left out where the payer decides. */
  readonly amountMsat?: Msat
  /** When it was made, in seconds since 1970: an integer of 35 bits. */
  readonly timestamp: number
  readonly paymentHash: PaymentHash
  /** 32 bytes that only the payer learns, and shows to the payee in the onion. */
  readonly paymentSecret: Uint8Array
  readonly description: InvoiceDescription
  /** Bytes that the payer hands back in the onion as they are (`m`). */
  readonly paymentMetadata?: Uint8Array
  /** Seconds after `timestamp`. */
  readonly expirySeconds?: number
  /** The least distance in blocks from the height of the payment to the expiry of its last HTLC. A payee should say it. */
  readonly minFinalCltvExpiryDelta?: number
  /** Output scripts to pay to on chain instead, the most preferred first. */
  readonly fallbackScripts?: readonly Uint8Array[]
  /** Ways to the payee through channels that are not announced, each in the order of the payment. */
  readonly routeHints?: readonly (readonly RouteHintHop[])[]
  /** A feature vector as in `wire`. Left out by a writer, it is what every payee needs: `var_onion_optin`, `payment_secret`. */
  readonly features?: Uint8Array
  /** The payee's node id, where it stands in the invoice itself (`n`). */
  readonly namedPayee?: NodeId
  /** Fields that nobody here understands, or that came once too often, as they came. Written after all the others. */
  readonly otherFields?: readonly TaggedField[]
}

/** An invoice that was read, its signature checked. What BOLT 11 has a default for is always there. */
export interface Invoice extends InvoiceFields {
  /** Who made it and is to be paid: named in it, or else recovered from the signature. */
  readonly payee: NodeId
  readonly expirySeconds: number
  readonly minFinalCltvExpiryDelta: number
  readonly fallbackScripts: readonly Uint8Array[]
  readonly routeHints: readonly (readonly RouteHintHop[])[]
  readonly features: Uint8Array
  readonly otherFields: readonly TaggedField[]
}

/**
 * What is paid for: in words, or the SHA-256 of words that the payee gives in another way. The words are the payee's: whoever
 * shows them makes them harmless first (BOLT 11, Security Considerations for Payment Descriptions).
 */
export type InvoiceDescription =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'hash'; readonly hash: Uint8Array }

/** One channel of a route hint, with what forwarding through it costs (as in `channel_update` of BOLT 7). */
export interface RouteHintHop {
  /** The node at the start of the channel. */
  readonly nodeId: NodeId
  readonly shortChannelId: ShortChannelId
  readonly feeBaseMsat: Msat
  readonly feeProportionalMillionths: number
  readonly cltvExpiryDelta: number
}

/** A field as it stands in the invoice: a type of 5 bits, and up to 1023 words of 5 bits, one to a byte. */
export interface TaggedField {
  readonly type: number
  readonly words: Uint8Array
}

/** The numbers of the fields, which are the places of their letters in the alphabet of bech32 (BOLT 11, Tagged Fields). */
export const FIELD = {
  PAYMENT_HASH: 1,
  ROUTE_HINT: 3,
  FEATURES: 5,
  EXPIRY: 6,
  FALLBACK: 9,
  DESCRIPTION: 13,
  PAYMENT_SECRET: 16,
  PAYEE: 19,
  DESCRIPTION_HASH: 23,
  MIN_FINAL_CLTV_EXPIRY_DELTA: 24,
  PAYMENT_METADATA: 27,
} as const
