import { type Msat, msat, type NodeId } from '../base/index.ts'
import { listFeatures, type ShortChannelId } from '../wire/index.ts'
import type { PaymentConstraints, PaymentRelay, RecipientData } from './recipientData.ts'

// What passes on along a blinded path, where its maker and not the sender says the fees (BOLT 4, payload format).

const MILLION = 1_000_000n

/** What a hop gets, or passes on. */
export interface HopAmounts {
  readonly amountMsat: Msat
  readonly cltvExpiry: number
}

/**
 * What a blinded hop passes on of what it gets, or `undefined` where that does not cover its fee or its delta. The amount is
 * rounded up, in favour of the next hop (BOLT 4, payload format, the reader).
 */
export function relayAmounts(incoming: HopAmounts, relay: PaymentRelay): HopAmounts | undefined {
  const left = incoming.amountMsat - relay.feeBaseMsat
  const cltvExpiry = incoming.cltvExpiry - relay.cltvExpiryDelta
  if (left < 0n || cltvExpiry < 0) return undefined
  const divisor = MILLION + BigInt(relay.feeProportionalMillionths)
  return { amountMsat: msat((left * MILLION + divisor - 1n) / divisor), cltvExpiry }
}

/**
 * What the sender of a payment pays for all of a blinded path: its hops' relays taken together, from the first hop to the last
 * that passes on, and the final node's own delta (BOLT 4, payload format, the creator of `encrypted_recipient_data`).
 */
export function aggregateRelays(relays: readonly PaymentRelay[], minFinalCltvExpiryDelta: number): PaymentRelay {
  let feeBase = 0n
  let feeProportional = 0n
  let cltvExpiryDelta = minFinalCltvExpiryDelta
  for (const relay of relays.toReversed()) {
    const proportional = BigInt(relay.feeProportionalMillionths)
    feeBase = roundedUp(relay.feeBaseMsat * MILLION + feeBase * (MILLION + proportional))
    feeProportional = roundedUp((feeProportional + proportional) * MILLION + feeProportional * proportional)
    cltvExpiryDelta += relay.cltvExpiryDelta
  }
  return { feeBaseMsat: msat(feeBase), feeProportionalMillionths: Number(feeProportional), cltvExpiryDelta }
}

const roundedUp = (millionths: bigint): bigint => (millionths + MILLION - 1n) / MILLION

/** Why a payment may not use a path with these constraints, or nothing (BOLT 4, payload format, the reader). */
export function constraintBroken(payment: HopAmounts, constraints: PaymentConstraints | undefined): string | undefined {
  if (constraints === undefined) return undefined
  const { maxCltvExpiry, htlcMinimumMsat } = constraints
  if (payment.cltvExpiry > maxCltvExpiry)
    return `expected an expiry of at most ${maxCltvExpiry}, got ${payment.cltvExpiry}`
  if (payment.amountMsat < htlcMinimumMsat)
    return `expected at least ${htlcMinimumMsat} msat, got ${payment.amountMsat}`
  return undefined
}

/** Why we may not follow this data, or nothing: no feature is defined for blinded paths yet, so each bit is an unknown one. */
export function featureUnknown({ allowedFeatures }: RecipientData): string | undefined {
  const bits = allowedFeatures === undefined ? [] : listFeatures(allowedFeatures)
  return bits.length === 0 ? undefined : `expected no allowed feature, as none is known, got bits ${bits.join(', ')}`
}

/** Who comes next on a blinded path. */
export type NextHop =
  | { readonly type: 'channel'; readonly shortChannelId: ShortChannelId }
  | { readonly type: 'node'; readonly nodeId: NodeId }

/** The node where the data names one, else the other end of the channel; `undefined` where it names neither. */
export function nextHopOf({ shortChannelId, nextNodeId }: RecipientData): NextHop | undefined {
  if (nextNodeId !== undefined) return { type: 'node', nodeId: nextNodeId }
  return shortChannelId === undefined ? undefined : { type: 'channel', shortChannelId }
}
