import {
  assert,
  err,
  fromHex,
  type Msat,
  ok,
  paymentHash,
  pmapDelete,
  pmapGet,
  type Result,
  toHex,
} from '../base/index.ts'
import type { Htlc, HtlcResolution } from '../channel/index.ts'
import { constantTimeEqual, sha256 } from '../crypto/index.ts'
import {
  buildFailure,
  decodeFinalPayload,
  type FailureMessage,
  failureCode,
  type PeeledOnion,
  type PlainFinalPayload,
  peelOnion,
} from '../onion/index.ts'
import { deleteInvoice, putNext, putPayment, putReceivedHash } from './records.ts'
import { type OpenInvoice, type PaymentStep, type PaymentsState, unchanged } from './state.ts'
import type { Payment, PaymentContext, PaymentEffect, PaymentInput, PaymentWrite } from './types.ts'

type Received = Extract<PaymentInput, { type: 'htlc_received' }>

/** What this HTLC pays: an open invoice, or nothing but what its sender wanted to give. */
interface Claim {
  readonly preimage: Uint8Array
  readonly invoice?: OpenInvoice
}

/**
 * An HTLC of a peer is irrevocably committed. It is taken or refused at once, in the commit that also holds what it paid: where
 * the event comes again, it was not resolved, and nothing of it is stored. Cost: one onion.
 */
export function received(state: PaymentsState, input: Received, context: PaymentContext): PaymentStep {
  const { htlc, overDustExposure } = input
  // We give out no blinded paths, so nobody has a reason to reach us over one (BOLT 4, invalid_onion_blinding).
  if (htlc.pathKey !== undefined) return resolved(state, input, malformed(htlc, failureCode('invalid_onion_blinding')))
  const { nodeSecret } = context
  const peeled = peeledOf(htlc, nodeSecret)
  if (!peeled.ok) {
    const refusal = peeled.error
    if (refusal.type === 'malformed') return resolved(state, input, malformed(htlc, refusal.failureCode))
    return resolved(state, input, failing(refusal.sharedSecret, refusal.failure))
  }
  const { sharedSecret } = peeled.value
  // A commitment with too much dust on it is not to grow, nor may the dust be claimed (BOLT 2, bounding exposure to trimmed HTLCs).
  if (overDustExposure) return resolved(state, input, failing(sharedSecret, TEMPORARY))
  // Whether there is time left to claim it on chain nobody can tell: once it has run out, its sender takes it back, preimage or not.
  if (context.tipIsOld === true)
    return resolved(state, input, failing(sharedSecret, { type: 'temporary_node_failure' }))
  const claim = judged(state, htlc, peeled.value, context)
  if (!claim.ok) return resolved(state, input, failing(sharedSecret, claim.error))
  return paid(state, input, claim.value, context)
}

type Peeled = ReturnType<typeof peelOnion>

// A cache and nothing more: an onion may be peeled before its HTLC is irrevocable, and is forgotten with it.
const known = new WeakMap<
  Uint8Array,
  { readonly of: Htlc['paymentHash']; readonly by: Uint8Array; readonly peeled: Peeled }
>()

function peeledOf({ onionRoutingPacket: packet, paymentHash: hash }: Htlc, nodeSecret: Uint8Array): Peeled {
  const found = known.get(packet)
  if (found?.of === hash && found.by === nodeSecret) return found.peeled
  const peeled = peelOnion({ packet, associatedData: fromHex(hash), nodeSecret })
  known.set(packet, { of: hash, by: nodeSecret, peeled })
  return peeled
}

/** Peels the onion of an HTLC that is on its way to be irrevocable, while there is nothing else to do. False where that is done. */
export function prepareOnion(htlc: Htlc, { nodeSecret }: Pick<PaymentContext, 'nodeSecret'>): boolean {
  if (htlc.pathKey !== undefined || known.has(htlc.onionRoutingPacket)) return false
  peeledOf(htlc, nodeSecret)
  return true
}

function judged(
  state: PaymentsState,
  htlc: Htlc,
  peeled: PeeledOnion,
  context: PaymentContext,
): Result<Claim, FailureMessage> {
  // What is for others would be handed on here. There is nobody that we forward to.
  if (peeled.next !== undefined) return err({ type: 'unknown_next_peer' })
  const decoded = decodeFinalPayload(peeled.payload)
  if (!decoded.ok) return err(decoded.error.failure)
  const payload = decoded.value
  if (payload.type === 'blinded') {
    return err({ type: 'invalid_onion_blinding', sha256OfOnion: sha256(htlc.onionRoutingPacket) })
  }
  if (htlc.cltvExpiry < payload.outgoingCltvValue) {
    return err({ type: 'final_incorrect_cltv_expiry', cltvExpiry: htlc.cltvExpiry })
  }
  if (htlc.amountMsat < payload.amtToForward) {
    return err({ type: 'final_incorrect_htlc_amount', incomingHtlcAmt: htlc.amountMsat })
  }
  const claim = claimOf(state, htlc, payload, context)
  if (claim !== undefined) return ok(claim)
  return err({ type: 'incorrect_or_unknown_payment_details', htlcMsat: htlc.amountMsat, height: context.height })
}

/**
 * The preimage to take it with. Whatever is wrong with hash, secret, amount, time or expiry, the sender hears the same, so that
 * nobody on the way can try out whose invoice it is (BOLT 4, failure messages, rationale).
 */
function claimOf(
  state: PaymentsState,
  htlc: Htlc,
  payload: PlainFinalPayload,
  context: PaymentContext,
): Claim | undefined {
  // Parts of a larger payment are refused: our invoices do not offer `basic_mpp` (BOLT 4, basic multi-part payments).
  if (payload.totalMsat !== payload.amtToForward) return undefined
  const invoice = pmapGet(state.invoices, htlc.paymentHash)
  // An invoice has said how much time it takes (BOLT 4, incorrect_or_unknown_payment_details).
  const blocks = invoice?.minFinalCltvExpiryDelta ?? context.limits.minKeysendCltvExpiryDelta
  if (htlc.cltvExpiry < context.height + blocks) return undefined
  if (invoice === undefined) return keysendClaim(htlc, payload)
  const { paymentSecret } = payload
  if (paymentSecret === undefined || !constantTimeEqual(paymentSecret, fromHex(invoice.paymentSecret))) return undefined
  if (!isEnough(htlc.amountMsat, invoice.amountMsat) || context.now > invoice.expiresAt) return undefined
  return { preimage: fromHex(invoice.preimage), invoice }
}

function keysendClaim({ paymentHash: hash }: Htlc, { keysendPreimage }: PlainFinalPayload): Claim | undefined {
  if (keysendPreimage === undefined || paymentHash(sha256(keysendPreimage)) !== hash) return undefined
  return { preimage: keysendPreimage }
}

/** At least what the invoice says, and at most twice as much (BOLT 4, failure messages, requirements). */
function isEnough(amount: Msat, asked: Msat | undefined): boolean {
  return asked === undefined || (amount >= asked && amount <= 2n * asked)
}

function paid(state: PaymentsState, input: Received, claim: Claim, context: PaymentContext): PaymentStep {
  const { htlc, peer } = input
  const { preimage, invoice } = claim
  assert(paymentHash(sha256(preimage)) === htlc.paymentHash, 'a claim fits the hash of its HTLC')
  const payment: Payment = {
    number: state.nextNumber,
    direction: 'received',
    status: 'succeeded',
    paymentHash: htlc.paymentHash,
    amountMsat: htlc.amountMsat,
    feeMsat: 0n as Msat,
    peer,
    preimage: toHex(preimage),
    ...(invoice !== undefined && { invoice: invoice.invoice }),
    ...(invoice !== undefined && invoice.description !== '' && { description: invoice.description }),
    createdAt: context.now,
    endedAt: context.now,
  }
  const invoices = pmapDelete(state.invoices, htlc.paymentHash)
  const next = { ...state, nextNumber: payment.number + 1, invoices }
  const writes: PaymentWrite[] = [putPayment(payment), putReceivedHash(payment), putNext(next)]
  if (invoice !== undefined) writes.push(deleteInvoice(invoice.paymentHash))
  const event: PaymentEffect = { type: 'event', event: { type: 'payment_received', payment } }
  return { next, writes, effects: [resolving(input, { type: 'fulfill', paymentPreimage: preimage }), event] }
}

const TEMPORARY: FailureMessage = { type: 'temporary_channel_failure', channelUpdate: new Uint8Array(0) }

function failing(sharedSecret: Uint8Array, failure: FailureMessage): HtlcResolution {
  return { type: 'fail', reason: buildFailure({ sharedSecret, failure }).reason }
}

function malformed({ onionRoutingPacket }: Htlc, code: number): HtlcResolution {
  return { type: 'fail_malformed', sha256OfOnion: sha256(onionRoutingPacket), failureCode: code }
}

function resolved(state: PaymentsState, input: Received, resolution: HtlcResolution): PaymentStep {
  return unchanged(state, resolving(input, resolution))
}

function resolving({ link, htlc }: Received, resolution: HtlcResolution): PaymentEffect {
  return { type: 'resolve_htlc', link, id: htlc.id, resolution }
}
