import { type Msat, type NodeId, type PaymentHash, toHex } from '../base/index.ts'
import { addressFromScript } from '../bitcoin/index.ts'
import { FEATURES, listFeatures } from '../wire/index.ts'
import type { Invoice, RouteHintHop } from './types.ts'

/** An invoice as plain values: no bytes, every default filled in, times as programs keep them. */
export interface PlainInvoice {
  /** `testnet` stands for all networks for tests that everybody shares. */
  readonly network: Invoice['network']
  readonly payee: NodeId
  /** The least that has to be paid. Undefined: the payer chooses. */
  readonly amountMsat: Msat | undefined
  readonly paymentHash: PaymentHash
  /** Lowercase hex, as everything that is bytes. */
  readonly paymentSecret: string
  /** As the payee wrote it: whoever shows it makes it harmless first. */
  readonly description: string | undefined
  /** SHA-256 of a description that is given in another way. */
  readonly descriptionHash: string | undefined
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly expiresAt: number
  /** The least distance in blocks from the height of the payment to its expiry. */
  readonly minFinalCltvExpiryDelta: number
  /** Addresses on chain to pay to instead, the most preferred first. */
  readonly fallbackAddresses: readonly string[]
  /** Ways to the payee over channels that are not announced. */
  readonly routeHints: readonly (readonly RouteHintHop[])[]
  readonly features: readonly PlainFeature[]
  /** Bytes that the payer hands back as they are. */
  readonly paymentMetadata: string | undefined
  /** Fields that nobody here understands: how many. */
  readonly unknownFields: number
}

export interface PlainFeature {
  readonly bit: number
  /** Of BOLT 9; undefined where it has none. */
  readonly name: string | undefined
  /** An even bit: whoever does not know it must not pay. */
  readonly required: boolean
}

/** The last moment that a `Date` can tell (ECMA-262, time values). An invoice may say that it never expires. */
const LAST_TIME_MS = 8_640_000_000_000_000

export function plainInvoice(invoice: Invoice): PlainInvoice {
  const { network, payee, amountMsat, paymentHash, description, timestamp, paymentMetadata } = invoice
  return {
    network,
    payee,
    amountMsat,
    paymentHash,
    paymentSecret: toHex(invoice.paymentSecret),
    description: description.type === 'text' ? description.text : undefined,
    descriptionHash: description.type === 'hash' ? toHex(description.hash) : undefined,
    createdAt: timestamp * 1000,
    expiresAt: Math.min((timestamp + invoice.expirySeconds) * 1000, LAST_TIME_MS),
    minFinalCltvExpiryDelta: invoice.minFinalCltvExpiryDelta,
    fallbackAddresses: invoice.fallbackScripts.flatMap(script => addressFromScript(script, network) ?? []),
    routeHints: invoice.routeHints,
    features: listFeatures(invoice.features).map(plainFeature),
    paymentMetadata: paymentMetadata === undefined ? undefined : toHex(paymentMetadata),
    unknownFields: invoice.otherFields.length,
  }
}

function plainFeature(bit: number): PlainFeature {
  const even = bit - (bit % 2)
  const known = Object.entries(FEATURES).find(([, feature]) => feature.bit === even)
  return { bit, name: known?.[0], required: bit % 2 === 0 }
}
