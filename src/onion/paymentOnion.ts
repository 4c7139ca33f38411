import { defined, err, fromHex, type Msat, ok, type Result } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'
import type { UpdateAddHtlc } from '../wire/index.ts'
import { type Unblinded, unblind } from './blindedPath.ts'
import type { FailureMessage } from './failureMessages.ts'
import { malformed, type OnionFailure } from './onionFailure.ts'
import {
  type BlindedIntermediatePayload,
  decodeFinalPayload,
  decodeIntermediatePayload,
  type FinalPayload,
  introducesPath,
} from './payload.ts'
import { type PeeledOnion, peelOnion } from './peel.ts'
import type { RecipientData } from './recipientData.ts'
import { constraintBroken, featureUnknown, type NextHop, nextHopOf, relayAmounts } from './relay.ts'

/** The fields of `update_add_htlc` that opening its onion takes. */
export type OnionHtlc = Pick<
  UpdateAddHtlc,
  'amountMsat' | 'paymentHash' | 'cltvExpiry' | 'onionRoutingPacket' | 'pathKey'
>

/**
 * Where on a blinded path we stand, which decides how a failure leaves us: from within it, none may tell what went wrong
 * (BOLT 4, failure messages, requirements). The final node is `outside` also where the path begins with it.
 */
export type PathPosition = 'outside' | 'introduction' | 'inside'

export type OpenedOnion = ForwardedOnion | ReceivedOnion

/** We are to pass the payment on. What it says has to be held against the policy of the channel. */
export interface ForwardedOnion {
  readonly type: 'forward'
  readonly sharedSecret: Uint8Array
  readonly position: PathPosition
  readonly nextHop: NextHop
  readonly amtToForward: Msat
  readonly outgoingCltvValue: number
  /** `onion_routing_packet` of the outgoing HTLC. */
  readonly packet: Uint8Array
  /** `path_key` of the outgoing HTLC, within a blinded path. */
  readonly nextPathKey?: Uint8Array
}

/** We are paid. Whether we asked for it is for the payment's machine. */
export interface ReceivedOnion {
  readonly type: 'final'
  readonly sharedSecret: Uint8Array
  readonly position: PathPosition
  readonly payload: FinalPayload
  /** What we said to ourselves when we made the path: its `pathId` has to be one that we gave for this payment. */
  readonly recipientData?: RecipientData
}

/**
 * Opens the onion of an HTLC that came: peels it, reads the payload, follows the blinded path where there is one, and judges all
 * that onion and HTLC alone can tell (BOLT 4, payload format, the reader). Never throws for what came; the failure says in
 * which message it goes back.
 *
 * Cost: as `peelOnion`, and as `unblind` within a blinded path.
 */
export function openPaymentOnion(from: {
  readonly htlc: OnionHtlc
  readonly nodeSecret: Uint8Array
}): Result<OpenedOnion, OnionFailure> {
  const { htlc, nodeSecret } = from
  const associatedData = fromHex(htlc.paymentHash)
  const { onionRoutingPacket: packet, pathKey } = htlc
  const peeled = peelOnion({ packet, associatedData, nodeSecret, pathKey })
  if (!peeled.ok) return peeled
  const { next, ...layer } = peeled.value
  if (next === undefined) return receive(htlc, layer, nodeSecret)
  return forward(htlc, { ...layer, next }, nodeSecret)
}

/**
 * The failure as it may leave us: as it is from outside a blinded path, and as nothing but `invalid_onion_blinding` from within,
 * encrypted for the origin by the node that the path begins with. So are those that come back from behind (BOLT 2, removing
 * an HTLC).
 */
export function refuseOnion(from: {
  readonly onion: Pick<OpenedOnion, 'sharedSecret' | 'position'>
  /** `onion_routing_packet` of the HTLC that came. */
  readonly packet: Uint8Array
  readonly failure: FailureMessage
  readonly message: string
}): OnionFailure {
  const { position, sharedSecret } = from.onion
  const { packet, failure, message } = from
  if (position === 'inside') return malformed('invalid_onion_blinding', packet, message)
  const blinding = { type: 'invalid_onion_blinding', sha256OfOnion: sha256(packet) } as const
  return { type: 'encrypted', failure: position === 'outside' ? failure : blinding, sharedSecret, message }
}

type Layer = Omit<PeeledOnion, 'next'>

function forward(
  htlc: OnionHtlc,
  { payload: bytes, sharedSecret, next: packet }: Layer & { readonly next: Uint8Array },
  nodeSecret: Uint8Array,
): Result<ForwardedOnion, OnionFailure> {
  const position = htlc.pathKey !== undefined ? 'inside' : introducesPath(bytes) ? 'introduction' : 'outside'
  const onion = { sharedSecret, position } as const
  const payload = decodeIntermediatePayload(bytes, htlc)
  if (!payload.ok) return err(refuseOnion({ onion, packet: htlc.onionRoutingPacket, ...payload.error }))
  if (payload.value.type === 'blinded') {
    const relayed = relay(htlc, payload.value, nodeSecret)
    if (!relayed.ok) return err(refusedData(htlc, onion, relayed.error))
    return ok({ type: 'forward', ...onion, packet, ...relayed.value })
  }
  const { shortChannelId, amtToForward, outgoingCltvValue } = payload.value
  const nextHop = { type: 'channel', shortChannelId } as const
  return ok({ type: 'forward', ...onion, packet, nextHop, amtToForward, outgoingCltvValue })
}

/** What the maker of the path wants to be passed on, and to whom; or why not. */
function relay(
  htlc: OnionHtlc,
  payload: BlindedIntermediatePayload,
  nodeSecret: Uint8Array,
): Result<Pick<ForwardedOnion, 'nextHop' | 'amtToForward' | 'outgoingCltvValue' | 'nextPathKey'>, string> {
  const opened = openData(htlc, payload, nodeSecret)
  if (!opened.ok) return opened
  const { data, nextPathKey } = opened.value
  const nextHop = nextHopOf(data)
  if (nextHop === undefined) return err('expected short_channel_id or next_node_id, got neither')
  if (data.paymentRelay === undefined) return err('expected payment_relay, got none')
  const amounts = relayAmounts(htlc, data.paymentRelay)
  if (amounts === undefined) return err('expected an amount and an expiry that cover fee and delta of payment_relay')
  return ok({ nextHop, amtToForward: amounts.amountMsat, outgoingCltvValue: amounts.cltvExpiry, nextPathKey })
}

function receive(
  htlc: OnionHtlc,
  { payload: bytes, sharedSecret }: Layer,
  nodeSecret: Uint8Array,
): Result<ReceivedOnion, OnionFailure> {
  const onion = { sharedSecret, position: htlc.pathKey === undefined ? 'outside' : 'inside' } as const
  const refuse = (failure: FailureMessage, message: string) =>
    err(refuseOnion({ onion, packet: htlc.onionRoutingPacket, failure, message }))
  const payload = decodeFinalPayload(bytes, htlc)
  if (!payload.ok) return refuse(payload.error.failure, payload.error.message)
  const { amtToForward, outgoingCltvValue } = payload.value
  if (htlc.cltvExpiry < outgoingCltvValue) {
    const failure = { type: 'final_incorrect_cltv_expiry', cltvExpiry: htlc.cltvExpiry } as const
    return refuse(failure, `expected an expiry of at least ${outgoingCltvValue}, got ${htlc.cltvExpiry} (BOLT 4)`)
  }
  if (htlc.amountMsat < amtToForward) {
    const failure = { type: 'final_incorrect_htlc_amount', incomingHtlcAmt: htlc.amountMsat } as const
    return refuse(failure, `expected at least ${amtToForward} msat, got ${htlc.amountMsat} (BOLT 4)`)
  }
  if (payload.value.type === 'plain') return ok({ type: 'final', ...onion, payload: payload.value })
  const opened = openData(htlc, payload.value, nodeSecret)
  if (!opened.ok) return err(refusedData(htlc, onion, opened.error))
  return ok({ type: 'final', ...onion, payload: payload.value, recipientData: opened.value.data })
}

/** The data of the path for us, where it holds for this payment; else why not. */
function openData(
  htlc: OnionHtlc,
  {
    encryptedRecipientData,
    currentPathKey,
  }: Pick<BlindedIntermediatePayload, 'encryptedRecipientData' | 'currentPathKey'>,
  nodeSecret: Uint8Array,
): Result<Unblinded, string> {
  // The payload's reader has made sure that there is exactly one of the two.
  const pathKey = defined(htlc.pathKey ?? currentPathKey, 'a blinded payload came with a path key')
  const opened = unblind({ nodeSecret, pathKey, encryptedRecipientData })
  if (!opened.ok) return err(opened.error.message)
  const { data } = opened.value
  const both = data.shortChannelId !== undefined && data.nextNodeId !== undefined
  const wrong =
    constraintBroken(htlc, data.paymentConstraints) ??
    featureUnknown(data) ??
    (both ? 'expected one of short_channel_id and next_node_id, got both' : undefined)
  return wrong === undefined ? opened : err(wrong)
}

function refusedData(
  htlc: OnionHtlc,
  onion: Pick<OpenedOnion, 'sharedSecret' | 'position'>,
  reason: string,
): OnionFailure {
  const failure = { type: 'invalid_onion_payload', tlvType: 10n, offset: 0 } as const
  const message = `${reason}, in encrypted_recipient_data (BOLT 4, payload format)`
  return refuseOnion({ onion, packet: htlc.onionRoutingPacket, failure, message })
}
