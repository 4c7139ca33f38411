import { fromHex, type Msat, paymentHash, pmapGet, pmapHas } from '../base/index.ts'
import type { HtlcResolution } from '../channel/index.ts'
import { constantTimeEqual, sha256 } from '../crypto/index.ts'
import type { FailureMessage, OpenedOnion, PlainFinalPayload, ReceivedOnion } from '../onion/index.ts'
import { failSet, preimageOf, resolving, take, wrongDetails } from './answering.ts'
import { forward } from './forwarding.ts'
import { held } from './holding.ts'
import { htlcKey, type Part } from './inbound.ts'
import { openedOf } from './opening.ts'
import { isComplete, partsOf, withPart } from './parts.ts'
import { putPart } from './records.ts'
import { wasSeen, withSeen } from './seenOnions.ts'
import { type OpenInvoice, type PaymentStep, type PaymentsState, unchanged } from './state.ts'
import { dueSet } from './times.ts'
import type { PaymentContext, PaymentInput } from './types.ts'
import { failing, refusing, type WayBack, wayBackOf } from './wayBack.ts'

type Received = Extract<PaymentInput, { type: 'htlc_received' }>

/**
 * An HTLC of a peer is irrevocably committed. It is taken, refused or kept at once, in the commit that also holds what is said of it
 * here: where the event comes again, nothing of it is stored, or it waits for its end. Cost: one onion.
 */
export function received(state: PaymentsState, input: Received, context: PaymentContext): PaymentStep {
  const { htlc, link } = input
  const key = htlcKey({ link, id: htlc.id })
  if (pmapHas(state.parts, key) || pmapHas(state.forwards, key)) return unchanged(state)
  const opened = openedOf(htlc, context.nodeSecret)
  if (!opened.ok) return resolved(state, input, refusing(opened.error, htlc.onionRoutingPacket))
  const wayBack = wayBackOf(opened.value, htlc.onionRoutingPacket, context.now)
  const refuse = (failure: FailureMessage) => resolved(state, input, failing(wayBack, failure, context.now))
  if (htlc.cltvExpiry > context.height + context.limits.maxCltvExpiryDelta) return refuse({ type: 'expiry_too_far' })
  const { sharedSecret } = opened.value
  if (wasSeen(state, sharedSecret)) return refuse({ type: 'temporary_node_failure' })
  const refusal = refusalOf(input, context)
  const step = refusal === undefined ? handled(state, input, opened.value, wayBack, context) : refuse(refusal)
  return withSeen(step, { sharedSecret, cltvExpiry: htlc.cltvExpiry }, context)
}

function handled(
  state: PaymentsState,
  input: Received,
  onion: OpenedOnion,
  wayBack: WayBack,
  context: PaymentContext,
): PaymentStep {
  if (onion.type === 'forward') return forward(state, input, { onion, wayBack }, context)
  return receive(state, input, { onion, wayBack }, context)
}

/** What nobody gets through with now, whoever it is for. */
function refusalOf({ overDustExposure }: Received, { tipIsOld }: PaymentContext): FailureMessage | undefined {
  // A commitment with too much dust on it is not to grow, nor may the dust be claimed (BOLT 2, bounding exposure to trimmed HTLCs).
  if (overDustExposure) return { type: 'temporary_channel_failure', channelUpdate: new Uint8Array(0) }
  // Whether there is time left to claim it on chain nobody can tell: once it has run out, its sender takes it back, preimage or not.
  return tipIsOld === true ? { type: 'temporary_node_failure' } : undefined
}

interface Opened {
  readonly onion: ReceivedOnion
  readonly wayBack: WayBack
}

/** It is for us. */
function receive(
  state: PaymentsState,
  input: Received,
  { onion, wayBack }: Opened,
  context: PaymentContext,
): PaymentStep {
  const { htlc, link, peer } = input
  const refuse = (failure: FailureMessage) => resolved(state, input, failing(wayBack, failure, context.now))
  const { payload } = onion
  // We give out no blinded paths, so nobody has a reason to reach us over one.
  if (payload.type === 'blinded') {
    return refuse({ type: 'invalid_onion_blinding', sha256OfOnion: sha256(htlc.onionRoutingPacket) })
  }
  const invoice = pmapGet(state.invoices, htlc.paymentHash)
  const { id, amountMsat, cltvExpiry } = htlc
  const paying = { link, id, peer, amountMsat, paymentHash: htlc.paymentHash, wayBack }
  // An invoice has said how much time it takes (BOLT 4, incorrect_or_unknown_payment_details).
  const blocks = invoice?.minFinalCltvExpiryDelta ?? context.limits.minKeysendCltvExpiryDelta
  if (cltvExpiry < context.height + blocks) return refuse(wrongDetails(htlc, context))
  if (invoice === undefined) {
    const preimage = keysendPreimage(htlc.paymentHash, payload)
    return preimage === undefined ? refuse(wrongDetails(htlc, context)) : take(state, [paying], { preimage }, context)
  }
  if (!pays(invoice, payload, context)) return refuse(wrongDetails(htlc, context))
  const { amtToForward: promisedMsat, totalMsat } = payload
  const part = { ...paying, promisedMsat, totalMsat, cltvExpiry, receivedAt: context.now }
  return partReceived(state, part, invoice, context)
}

/** A payment without an invoice brings its preimage, and all of itself at once. */
function keysendPreimage(
  hash: Part['paymentHash'],
  { keysendPreimage: preimage, totalMsat, amtToForward }: PlainFinalPayload,
): Uint8Array | undefined {
  const isWhole = totalMsat === amtToForward
  return isWhole && preimage !== undefined && paymentHash(sha256(preimage)) === hash ? preimage : undefined
}

/**
 * Whether the onion has what the invoice asks for. Whatever is wrong, the sender hears the same, so that nobody on the way can try
 * out whose invoice it is (BOLT 4, failure messages, rationale).
 */
function pays(invoice: OpenInvoice, { paymentSecret, totalMsat }: PlainFinalPayload, { now }: PaymentContext): boolean {
  const isSecret = paymentSecret !== undefined && constantTimeEqual(paymentSecret, fromHex(invoice.paymentSecret))
  return isSecret && isEnough(totalMsat, invoice.amountMsat) && now <= invoice.expiresAt
}

/** At least what the invoice says, and at most twice as much (BOLT 4, failure messages, requirements). */
function isEnough(amount: Msat, asked: Msat | undefined): boolean {
  return asked === undefined || (amount >= asked && amount <= 2n * asked)
}

/** A part of what an invoice asks for, or all of it (BOLT 4, basic multi-part payments, the final node). */
function partReceived(state: PaymentsState, part: Part, invoice: OpenInvoice, context: PaymentContext): PaymentStep {
  const answered = (failure: FailureMessage) => resolving(part, failing(part.wayBack, failure, context.now))
  const refuse = (failure: FailureMessage) => unchanged(state, answered(failure))
  const set = pmapGet(state.sets, part.paymentHash)
  // Held until our user decides: what comes after that was not asked for.
  if (set !== undefined && isComplete(set)) return refuse(wrongDetails(part, context))
  if (set !== undefined && set.totalMsat !== part.totalMsat) {
    // Its sender holds a secret that only payers have, and does not know itself what it wants to pay.
    const failed = failSet(state, set, each => wrongDetails(each, context), context)
    return { ...failed, effects: [...failed.effects, answered(wrongDetails(part, context))] }
  }
  const { maxPartsPerPayment, maxPartsHeld } = context.limits
  const isFull = (set?.parts.length ?? 0) >= maxPartsPerPayment || state.parts.size >= maxPartsHeld
  const whole = isComplete({
    promisedMsat: (part.promisedMsat + (set?.promisedMsat ?? 0n)) as Msat,
    totalMsat: part.totalMsat,
  })
  const preimage = preimageOf(invoice)
  if (whole && preimage !== undefined)
    return take(state, [part, ...partsOf(state, set)], { preimage, invoice }, context)
  if (isFull) return refuse({ type: 'temporary_node_failure' })
  const next = withPart(state, part)
  const kept = { next: dueSet(next, part.paymentHash, context), writes: [putPart(part)], effects: [] }
  return whole ? held(kept, invoice, context) : kept
}

function resolved(state: PaymentsState, { link, htlc }: Received, resolution: HtlcResolution): PaymentStep {
  return unchanged(state, resolving({ link, id: htlc.id }, resolution))
}
