import { assert, fromHex, type Msat, msat, type PaymentHash } from '../base/index.ts'
import {
  type BuiltOnion,
  buildOnion,
  encodeFinalPayload,
  encodeIntermediatePayload,
  type ForwardedOnion,
  type OnionHop,
} from '../onion/index.ts'
import type { UpdateAddHtlc } from '../wire/index.ts'

// What a node on the way does with a payment of others besides passing it on. No commitment holds an onion, nor the reason of a failure
// (BOLT 3): so it may take any onion that it makes itself for the one that came, and nobody's signature changes.

/** `onion`: with an onion of its own; `offer`, `answer`: with a message of its own, to the next one and to the one before. */
export const DECEITS = {
  /** Keeps the payment, and takes it once it knows the preimage from another one of the same hash. That is its right. */
  claim: 'onion',
  /** Sends back what it was to pass on, in words that its sender cannot read. */
  refuse: 'onion',
  /** Keeps it for a while; or until it expires, and longer. */
  keep: 'onion',
  keep_on: 'onion',
  /** Passes on one millisatoshi less than it was to; and one block less. */
  less: 'onion',
  sooner: 'onion',
  /** A bit of the onion that goes on is turned. */
  other_onion: 'offer',
  /** Fulfils with 32 bytes that are no preimage. */
  other_preimage: 'answer',
  /** A bit of the reason that goes back is turned, or of the data that say who has held it for how long. */
  garble: 'answer',
  /** Fails what it has fulfilled in the message before, or the other way around. */
  twice: 'answer',
} as const satisfies Readonly<Record<string, 'onion' | 'offer' | 'answer'>>

export type Deceit = keyof typeof DECEITS

/** An HTLC that it is to pass on, and what its onion says. */
export interface Passing {
  readonly htlc: UpdateAddHtlc
  readonly onion: ForwardedOnion
  readonly self: OnionHop['nodeId']
  readonly sessionKey: Uint8Array
}

/** An onion that ends here, for an invoice with this secret. Cost: one onion. */
export function ownOnion({ htlc, self, sessionKey }: Passing, paymentSecret: Uint8Array): Uint8Array {
  const { amountMsat, cltvExpiry } = htlc
  const payload = encodeFinalPayload({
    type: 'plain',
    amtToForward: amountMsat,
    outgoingCltvValue: cltvExpiry,
    totalMsat: amountMsat,
    unknown: [],
    paymentSecret,
  })
  return built(htlc.paymentHash, sessionKey, [{ nodeId: self, payload }]).packet
}

/** An onion that asks for less than the one that came, over the same channel: what is in it for the next one stands for what that gets. */
export function lesserOnion(
  { htlc, onion, self, sessionKey }: Passing,
  less: { readonly msat: bigint; readonly blocks: number },
): Uint8Array | undefined {
  const { nextHop, amtToForward, outgoingCltvValue } = onion
  if (nextHop.type !== 'channel' || amtToForward <= less.msat) return undefined
  const payload = encodeIntermediatePayload({
    type: 'plain',
    shortChannelId: nextHop.shortChannelId,
    amtToForward: msat(amtToForward - less.msat) satisfies Msat,
    outgoingCltvValue: outgoingCltvValue - less.blocks,
    unknown: [],
  })
  // Whoever it is for: what leaves is the onion that came.
  return built(htlc.paymentHash, sessionKey, [
    { nodeId: self, payload },
    { nodeId: self, payload },
  ]).packet
}

function built(hash: PaymentHash, sessionKey: Uint8Array, hops: readonly OnionHop[]): BuiltOnion {
  const onion = buildOnion({ sessionKey, associatedData: fromHex(hash), hops })
  assert(onion.ok, 'the onion for one or two hops can be built')
  return onion.value
}
