import { assert, fromHex, type Msat, type PaymentHash, paymentHash, pmapDelete, pmapGet, toHex } from '../base/index.ts'
import type { HtlcResolution } from '../channel/index.ts'
import { sha256 } from '../crypto/index.ts'
import type { FailureMessage } from '../onion/index.ts'
import type { HtlcRef, HtlcSet, Part } from './inbound.ts'
import { partsOf, sumOf, withoutSet } from './parts.ts'
import { deleteInvoice, deletePart, putNext, putPayment, putReceivedHash } from './records.ts'
import type { OpenInvoice, PaymentStep, PaymentsState } from './state.ts'
import type { Payment, PaymentContext, PaymentEffect, PaymentWrite } from './types.ts'
import { failing, fulfilling } from './wayBack.ts'

// How HTLCs that pay us end: all parts of a payment together, in one commit with the records of what they have paid. So there is no
// moment, and no crash, at which some of them are taken and the rest is not.

/** With what an HTLC is taken, and which invoice it pays, if it is one's. */
export interface Claim {
  readonly preimage: Uint8Array
  readonly invoice?: OpenInvoice
}

type Paying = Pick<Part, 'link' | 'id' | 'amountMsat' | 'peer' | 'paymentHash'>
/** One that is still to be answered. */
type Open = Paying & Pick<Part, 'wayBack'>

/** Takes what was received, and writes down the payment that it is. */
export function take(
  state: PaymentsState,
  parts: readonly [Open, ...Open[]],
  claim: Claim,
  context: PaymentContext,
): PaymentStep {
  const [{ paymentHash: hash }] = parts
  const { preimage, invoice } = claim
  const step = counted(state, parts, claim, context)
  const kept = withoutHeld(step.next, hash)
  const next = { ...kept.next, invoices: pmapDelete(kept.next.invoices, hash) }
  const number = putReceivedHash({ paymentHash: hash, number: state.nextNumber })
  const writes: PaymentWrite[] = [...step.writes, number, ...kept.writes]
  if (invoice !== undefined) writes.push(deleteInvoice(hash))
  const taken = parts.map(part => resolving(part, fulfilling(part.wayBack, { paymentPreimage: preimage }, context.now)))
  return { next, writes, effects: [...taken, ...step.effects] }
}

/** The payment that these parts are, with its event, and nothing else of what follows. */
export function counted(
  state: PaymentsState,
  parts: readonly [Paying, ...Paying[]],
  { preimage, invoice }: Claim,
  { now }: PaymentContext,
): PaymentStep {
  const [{ paymentHash: hash, peer }] = parts
  assert(paymentHash(sha256(preimage)) === hash, 'a claim fits the hash of its HTLC')
  const payment: Payment = {
    number: state.nextNumber,
    direction: 'received',
    status: 'succeeded',
    paymentHash: hash,
    amountMsat: sumOf(parts),
    feeMsat: 0n as Msat,
    peer,
    preimage: toHex(preimage),
    ...(invoice !== undefined && { invoice: invoice.invoice }),
    ...(invoice !== undefined && invoice.description !== '' && { description: invoice.description }),
    createdAt: now,
    endedAt: now,
  }
  const next = { ...state, nextNumber: payment.number + 1 }
  const event = { type: 'payment_received', payment } as const
  return { next, writes: [putPayment(payment), putNext(next)], effects: [{ type: 'event', event }] }
}

/** The parts that wait under this hash are answered: nothing of them is kept. */
function withoutHeld(state: PaymentsState, hash: PaymentHash): Pick<PaymentStep, 'next' | 'writes'> {
  const set = pmapGet(state.sets, hash)
  if (set === undefined) return { next: state, writes: [] }
  return { next: withoutSet(state, set), writes: partsOf(state, set).map(deletePart) }
}

/** The whole set goes back. What it was to pay stays open. */
export function failSet(
  state: PaymentsState,
  set: HtlcSet,
  failure: (part: Part) => FailureMessage,
  { now }: Pick<PaymentContext, 'now'>,
): PaymentStep {
  const effects = partsOf(state, set).map(part => resolving(part, failing(part.wayBack, failure(part), now)))
  return { ...withoutHeld(state, set.paymentHash), effects }
}

/** What the payer hears where anything at all is wrong with hash, secret, amount or time (BOLT 4, failure messages, rationale). */
export function wrongDetails({ amountMsat }: Pick<Part, 'amountMsat'>, { height }: PaymentContext): FailureMessage {
  return { type: 'incorrect_or_unknown_payment_details', htlcMsat: amountMsat, height }
}

export function resolving({ link, id }: HtlcRef, resolution: HtlcResolution): PaymentEffect {
  return { type: 'resolve_htlc', link, id, resolution }
}

export function preimageOf({ preimage }: OpenInvoice): Uint8Array | undefined {
  return preimage === undefined ? undefined : fromHex(preimage)
}
