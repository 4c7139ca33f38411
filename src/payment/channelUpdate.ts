import { sha256d, signEcdsa } from '../crypto/index.ts'
import { encodeMessage, type ShortChannelId } from '../wire/index.ts'
import type { Outgoing, PaymentContext, Policy } from './types.ts'

const TYPE_BYTES = 2
const SIGNATURE_BYTES = 64
const MUST_BE_ONE = 1
const DONT_FORWARD = 2
const DISABLED = 2

/**
 * What we ask for a channel, signed, with its type in front: as it stands in a failure (BOLT 7, the channel_update message; BOLT 4,
 * failure messages). Under the id by which the sender knows the channel. Cost: a signature.
 */
export function channelUpdateFor(
  shortChannelId: ShortChannelId,
  way: Outgoing,
  policy: Policy,
  { chainHash, nodeId, nodeSecret }: Pick<PaymentContext, 'chainHash' | 'nodeId' | 'nodeSecret'>,
): Uint8Array {
  const direction = nodeId < way.peer ? 0 : 1
  const { htlcMinimumMsat, htlcMaximumMsat } = amountsOf(way, policy)
  const message = encodeMessage({
    type: 'channel_update',
    signature: new Uint8Array(SIGNATURE_BYTES),
    chainHash,
    shortChannelId,
    timestamp: Math.floor(Math.max(policy.updatedAt, way.createdAt) / 1000),
    messageFlags: way.announced ? MUST_BE_ONE : MUST_BE_ONE | DONT_FORWARD,
    channelFlags: policy.disabled ? direction | DISABLED : direction,
    cltvExpiryDelta: policy.cltvExpiryDelta,
    htlcMinimumMsat,
    feeBaseMsat: policy.feeBaseMsat,
    feeProportionalMillionths: policy.feeProportionalMillionths,
    htlcMaximumMsat,
    unknownFields: new Uint8Array(0),
  })
  const signature = signEcdsa(sha256d(message.subarray(TYPE_BYTES + SIGNATURE_BYTES)), nodeSecret)
  message.set(signature, TYPE_BYTES)
  return message
}

/** What we ask for, within what the peer and the channel can take. */
export function amountsOf(way: Outgoing, { htlcMinimumMsat, htlcMaximumMsat }: Policy) {
  const isLess = htlcMaximumMsat !== undefined && htlcMaximumMsat < way.htlcMaximumMsat
  return {
    htlcMinimumMsat: htlcMinimumMsat < way.htlcMinimumMsat ? way.htlcMinimumMsat : htlcMinimumMsat,
    htlcMaximumMsat: isLess ? htlcMaximumMsat : way.htlcMaximumMsat,
  }
}
