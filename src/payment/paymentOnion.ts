import { assert, encode, fromHex, msat, toHex, u32 } from '../base/index.ts'
import { hmacSha256 } from '../crypto/index.ts'
import { buildOnion, encodeFinalPayload, encodeIntermediatePayload, type OnionHop } from '../onion/index.ts'
import { LARGEST_AMOUNT_MSAT, MAX_HOPS, type RouteHop } from '../routing/index.ts'
import { shortChannelId } from '../wire/index.ts'
import type { InFlight, Offered, Terms } from './state.ts'

type Paying = Pick<InFlight, 'payment' | 'terms'>

/** What each hop of a way is told: the amount, the expiry and the channel of the next one (BOLT 4, payload format). Cost: one onion. */
export function onionFor(
  { payment, terms }: Paying,
  hops: readonly RouteHop[],
  index: number,
): Pick<Offered, 'onionRoutingPacket' | 'sharedSecrets'> {
  const built = buildOnion({
    sessionKey: sessionKeyOf(terms, index),
    associatedData: fromHex(payment.paymentHash),
    hops: hops.map((hop, at): OnionHop => {
      const next = hops[at + 1]
      return { nodeId: hop.nodeId, payload: next === undefined ? finalPayload(payment, terms, hop) : payloadFor(next) }
    }),
  })
  // Ways are no longer than `maxHopsFor`, and the keys on them were looked at: in announcements, in hints, with our peers.
  assert(built.ok, 'the onion for a way can be built')
  const { packet, sharedSecrets } = built.value
  return { onionRoutingPacket: packet, sharedSecrets: sharedSecrets.map(toHex) }
}

function payloadFor(next: Omit<RouteHop, 'nodeId'>): Uint8Array {
  const { amountMsat, cltvExpiry, shortChannelId: id } = next
  return encodeIntermediatePayload({
    type: 'plain',
    amtToForward: amountMsat,
    outgoingCltvValue: cltvExpiry,
    shortChannelId: id,
    unknown: [],
  })
}

function finalPayload(
  { amountMsat: totalMsat }: Pick<Paying['payment'], 'amountMsat'>,
  { paymentSecret, paymentMetadata, keysendPreimage }: Partial<Terms>,
  { amountMsat, cltvExpiry }: Pick<RouteHop, 'amountMsat' | 'cltvExpiry'>,
): Uint8Array {
  return encodeFinalPayload({
    type: 'plain',
    amtToForward: amountMsat,
    outgoingCltvValue: cltvExpiry,
    totalMsat,
    ...(paymentSecret !== undefined && { paymentSecret: fromHex(paymentSecret) }),
    ...(paymentMetadata !== undefined && { paymentMetadata: fromHex(paymentMetadata) }),
    ...(keysendPreimage !== undefined && { keysendPreimage: fromHex(keysendPreimage) }),
    unknown: [],
  })
}

/** A key of its own for each onion that may have been seen: the keystream of one never hides two payloads. */
function sessionKeyOf({ sessionKey }: Terms, index: number): Uint8Array {
  const first = fromHex(sessionKey)
  return index === 0 ? first : hmacSha256(first, encode(u32, index))
}

/** What all payloads of an onion have to share, and what each takes beside itself: its length and its HMAC (BOLT 4, packet structure). */
const PAYLOADS_BYTES = 1300
const FRAME_BYTES = 3 + 32

/** As many as fit an onion with what this payee is told: an invoice may ask for long metadata. */
export function maxHopsFor(terms: Partial<Terms>): number {
  const most = { amountMsat: msat(LARGEST_AMOUNT_MSAT), cltvExpiry: 0xffff_ffff }
  const last = finalPayload(most, terms, most).length + FRAME_BYTES
  const id = shortChannelId({ blockHeight: 0, txIndex: 0, outputIndex: 0 })
  const each = payloadFor({ ...most, shortChannelId: id }).length + FRAME_BYTES
  return Math.min(1 + Math.floor((PAYLOADS_BYTES - last) / each), MAX_HOPS)
}
