import { type PaymentHash, paymentHash, pmapDelete, pmapGet, pmapValues } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'
import { failSet, take, wrongDetails } from './answering.ts'
import type { HtlcSet } from './inbound.ts'
import { isComplete, partsOf, sumOf } from './parts.ts'
import { deleteInvoice } from './records.ts'
import { failure, refuse, replyTo } from './replies.ts'
import { type OpenInvoice, type PaymentStep, type PaymentsState, unchanged, withSession } from './state.ts'
import { earlier } from './times.ts'
import type { HoldEvent, PaymentContext, PaymentInput } from './types.ts'

// Sets of HTLCs that wait. Either for their rest, and then not for long:
//
//     htlc_received -> (htlc_received -> take) | (tick -> mpp_timeout)
//
// or, complete, for the preimage of a hold invoice, which only our user has:
//
//     htlc_received -> payment_held -> (settle_invoice -> take) | (cancel_invoice, block near the expiry -> hold_cancelled)

type InputOf<T extends PaymentInput['type']> = Extract<PaymentInput, { type: T }>

/** The set of a hold invoice has become complete. */
export function held(step: PaymentStep, invoice: OpenInvoice, { limits }: PaymentContext): PaymentStep {
  const set = pmapGet(step.next.sets, invoice.paymentHash)
  if (set === undefined) return step
  const event: HoldEvent = {
    type: 'payment_held',
    paymentHash: invoice.paymentHash,
    amountMsat: sumOf(partsOf(step.next, set)),
    invoice: invoice.invoice,
    cancelledAtHeight: set.cltvExpiry - limits.heldDeadlineBlocks,
  }
  return { ...step, effects: [...step.effects, { type: 'event', event }] }
}

/** Our user takes what is held. Refused where nothing is, or where nobody can tell whether there is time left to claim it on chain. */
export function settleInvoice(
  state: PaymentsState,
  { request, preimage }: InputOf<'settle_invoice'>,
  context: PaymentContext,
): PaymentStep {
  const hash = paymentHash(sha256(preimage))
  const invoice = pmapGet(state.invoices, hash)
  if (preimage.length !== 32 || invoice === undefined) return refuse(state, [request], unknownInvoice(hash))
  const set = pmapGet(state.sets, hash)
  const [first, ...others] = partsOf(state, set)
  if (first === undefined || set === undefined || !isComplete(set)) {
    const words = `Nothing is held for the invoice of ${hash}: wait until it is paid.`
    return refuse(state, [request], failure('not_held', words))
  }
  if (context.tipIsOld === true) {
    const words = 'No block has come for so long that nobody knows whether there is time left to claim the payment.'
    return refuse(state, [request], failure('chain_is_old', words))
  }
  const taken = take(state, [first, ...others], { preimage, invoice }, context)
  const payment = taken.effects.find(effect => effect.type === 'event' && effect.event.type === 'payment_received')
  if (payment?.type !== 'event' || payment.event.type !== 'payment_received') return taken
  const reply = { type: 'payment', payment: payment.event.payment } as const
  return { ...taken, effects: [...taken.effects, ...replyTo([request], reply)] }
}

/** Nobody can pay it any more, and what is there of its payment goes back. */
export function cancelInvoice(
  state: PaymentsState,
  { request, paymentHash: hash }: InputOf<'cancel_invoice'>,
  context: PaymentContext,
): PaymentStep {
  const invoice = pmapGet(state.invoices, hash)
  if (invoice === undefined) return refuse(state, [request], unknownInvoice(hash))
  const cancelled = cancel(state, invoice, 'asked', context)
  return { ...cancelled, effects: [...cancelled.effects, ...replyTo([request], { type: 'done' })] }
}

function cancel(
  state: PaymentsState,
  { paymentHash: hash }: OpenInvoice,
  cause: 'asked' | 'deadline',
  context: PaymentContext,
): PaymentStep {
  const without = { ...state, invoices: pmapDelete(state.invoices, hash) }
  const set = pmapGet(state.sets, hash)
  if (set === undefined) return { next: without, writes: [deleteInvoice(hash)], effects: [] }
  const amountMsat = sumOf(partsOf(state, set))
  const failed = failSet(without, set, part => wrongDetails(part, context), context)
  const event: HoldEvent = { type: 'hold_cancelled', paymentHash: hash, amountMsat, cause }
  const told = isComplete(set) ? [{ type: 'event', event } as const] : []
  return { ...failed, writes: [...failed.writes, deleteInvoice(hash)], effects: [...failed.effects, ...told] }
}

/**
 * What is too near to its expiry goes back while its peers can still take it off their commitments: after that the preimage could not
 * be used any more, and they would close their channels. Cost: one pass over the sets.
 */
export function failExpiring(state: PaymentsState, context: PaymentContext): PaymentStep {
  return forEachSet(state, (next, set) => {
    if (context.height < set.cltvExpiry - context.limits.heldDeadlineBlocks) return unchanged(next)
    const invoice = pmapGet(next.invoices, set.paymentHash)
    if (invoice !== undefined && isComplete(set)) return cancel(next, invoice, 'deadline', context)
    return failSet(next, set, () => ({ type: 'mpp_timeout' }), context)
  })
}

/** Gives up sets whose rest has not come in time. Cost: one pass over the sets, when the first of them is due. */
export function failIncomplete(state: PaymentsState, context: PaymentContext): PaymentStep {
  const { now, limits } = context
  const { setsDueAt } = state.session
  if (setsDueAt === undefined || setsDueAt > now) return unchanged(state)
  let later: number | undefined
  const step = forEachSet(state, (next, set) => {
    if (isComplete(set)) return unchanged(next)
    const dueAt = set.startedAt + limits.mppTimeoutMs
    if (dueAt <= now) return failSet(next, set, () => ({ type: 'mpp_timeout' }), context)
    later = earlier(later, dueAt)
    return unchanged(next)
  })
  return { ...step, next: withSession(step.next, { setsDueAt: later }) }
}

/** In the order of their hashes, so that the same state gives the same bytes. */
function forEachSet(state: PaymentsState, handle: (next: PaymentsState, set: HtlcSet) => PaymentStep): PaymentStep {
  let step = unchanged(state)
  const sets = [...pmapValues(state.sets)].sort((a, b) => (a.paymentHash < b.paymentHash ? -1 : 1))
  for (const set of sets) {
    const { next, writes, effects } = handle(step.next, set)
    step = { next, writes: [...step.writes, ...writes], effects: [...step.effects, ...effects] }
  }
  return step
}

function unknownInvoice(hash: PaymentHash) {
  return failure('unknown_invoice', `No invoice with the hash ${hash} is open: it was paid, has expired, or never was.`)
}
