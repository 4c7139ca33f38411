import { fromHex, msat, type NodeId, type PaymentHash, toHex } from '../../src/base/index.ts'
import type { Htlc, HtlcResolution } from '../../src/channel/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import {
  buildOnion,
  decodeFailure,
  encodeFinalPayload,
  encodeIntermediatePayload,
  type FailureMessage,
  type PlainFinalPayload,
} from '../../src/onion/index.ts'
import type { PaymentEffect } from '../../src/payment/index.ts'
import type { ShortChannelId } from '../../src/wire/index.ts'
import { fresh, HEIGHT, type Node } from './fixture.ts'

// HTLCs as a sender makes them, with onions for one hop or several, and what the sender reads when they come back.

export const EXPIRY = HEIGHT + 100

export interface Sent {
  readonly htlc: Htlc
  readonly sharedSecrets: readonly Uint8Array[]
}

interface Via {
  readonly node: NodeId
  readonly shortChannelId: ShortChannelId
  readonly amtToForward: bigint
  readonly outgoingCltvValue: number
}

/** An HTLC under this id for the payload's reader, behind the nodes named in `via`. */
export function sent(
  id: number,
  to: NodeId,
  hash: PaymentHash,
  payload: Partial<PlainFinalPayload> & { readonly amount?: bigint },
  { via = [], ...change }: Partial<Htlc> & { readonly via?: readonly Via[] } = {},
): Sent {
  const { amount = 10_000n, ...more } = payload
  const cltvExpiry = change.cltvExpiry ?? EXPIRY
  const final = encodeFinalPayload({
    type: 'plain',
    amtToForward: msat(amount),
    outgoingCltvValue: via.at(-1)?.outgoingCltvValue ?? cltvExpiry,
    totalMsat: msat(amount),
    unknown: [],
    ...more,
  })
  const hops = [
    ...via.map(({ node, shortChannelId, amtToForward, outgoingCltvValue }) => ({
      nodeId: node,
      payload: encodeIntermediatePayload({
        type: 'plain',
        shortChannelId,
        amtToForward: msat(amtToForward),
        outgoingCltvValue,
        unknown: [],
      }),
    })),
    { nodeId: to, payload: final },
  ]
  const built = buildOnion({ sessionKey: fresh(), associatedData: fromHex(hash), hops })
  if (!built.ok) throw new Error(built.error.message)
  const { packet, sharedSecrets } = built.value
  const htlc: Htlc = {
    offeredBy: 'remote',
    id,
    amountMsat: msat(amount),
    paymentHash: hash,
    cltvExpiry,
    onionRoutingPacket: packet,
    added: 'irrevocable',
    ...change,
  }
  return { htlc, sharedSecrets }
}

/** It is irrevocable at this node, over this link. */
export function arrive(node: Node, { htlc }: Sent, from: { readonly link: number; readonly peer: NodeId }) {
  return node.step({ type: 'htlc_received', ...from, htlc, overDustExposure: false })
}

export function resolutionsIn(effects: readonly PaymentEffect[]) {
  return effects.flatMap(effect => (effect.type === 'resolve_htlc' ? [effect] : []))
}

/** What the sender reads. */
export function readFailure(resolution: HtlcResolution | undefined, { sharedSecrets }: Sent): FailureMessage {
  if (resolution?.type !== 'fail') throw new Error(`expected a failure, got ${resolution?.type}`)
  const decoded = decodeFailure({ reason: resolution.reason, sharedSecrets })
  if (decoded.type !== 'from_hop') throw new Error('nobody signed it')
  return decoded.failure
}

export const hashOf = (preimage: Uint8Array): PaymentHash => toHex(sha256(preimage)) as PaymentHash
