import { type Msat, type PaymentHash, pmapGet, pmapValues } from '../base/index.ts'
import { isComplete, partsOf, sumOf } from './parts.ts'
import type { OpenInvoice, PaymentsState } from './state.ts'
import type { PaymentContext } from './types.ts'

/** An invoice that can still be paid, or whose payment waits, for those who look. */
export interface OpenInvoiceView {
  readonly invoice: OpenInvoice
  /** `paying`: parts of it are here, and the rest is awaited. `held`: all of it is here, and our user decides. */
  readonly status: 'open' | 'paying' | 'held' | 'expired'
  /** What is here of it and waits. */
  readonly receivedMsat: Msat
  readonly htlcs: number
  /** Where something waits: the height at which it goes back. */
  readonly cancelledAtHeight?: number
}

type Looking = Pick<PaymentContext, 'now' | 'limits'>

/** Those that expire last come first. Cost: one pass over all of them, and a sort. */
export function openInvoices(state: PaymentsState, context: Looking): readonly OpenInvoiceView[] {
  return [...pmapValues(state.invoices)].sort(laterFirst).map(invoice => view(state, invoice, context))
}

export function openInvoice(state: PaymentsState, hash: PaymentHash, context: Looking): OpenInvoiceView | undefined {
  const invoice = pmapGet(state.invoices, hash)
  return invoice === undefined ? undefined : view(state, invoice, context)
}

function view(state: PaymentsState, invoice: OpenInvoice, { now, limits }: Looking): OpenInvoiceView {
  const set = pmapGet(state.sets, invoice.paymentHash)
  if (set === undefined) {
    return { invoice, status: invoice.expiresAt < now ? 'expired' : 'open', receivedMsat: sumOf([]), htlcs: 0 }
  }
  return {
    invoice,
    status: isComplete(set) ? 'held' : 'paying',
    receivedMsat: sumOf(partsOf(state, set)),
    htlcs: set.parts.length,
    cancelledAtHeight: set.cltvExpiry - limits.heldDeadlineBlocks,
  }
}

/** Of two that expire together the hash decides, so that a list has one order. */
function laterFirst(a: OpenInvoice, b: OpenInvoice): number {
  return b.expiresAt - a.expiresAt || (a.paymentHash < b.paymentHash ? -1 : 1)
}
