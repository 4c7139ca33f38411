import { BookendError, type PaymentHash, parseHex, paymentHash } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'
import type { Payment } from '../engine/index.ts'
import { type OpenInvoiceView, openInvoice, openInvoices } from '../payment/index.ts'
import type { NodeDesk } from './desk.ts'
import { findPayment } from './paymentRecords.ts'
import { replyOf } from './requests.ts'
import type { CreatedInvoice, InvoiceInfo, InvoiceRequest, InvoicesRequest } from './types.ts'

// What is asked for, and what is held until the user decides.

export const MAX_INVOICES_LISTED = 1_000
const DEFAULT_INVOICES_LISTED = 100
const PREIMAGE_BYTES = 32

export async function createInvoice(desk: NodeDesk, wanted: InvoiceRequest): Promise<CreatedInvoice> {
  const { amountMsat, description = '', expirySeconds, paymentHash: held, minFinalCltvExpiryDelta } = wanted
  const common = {
    description,
    expirySeconds: expirySeconds ?? desk.context().limits.payment.defaultExpirySeconds,
    paymentSecret: desk.randomBytes(32),
    ...(amountMsat !== undefined && { amountMsat }),
  }
  if (held === undefined && minFinalCltvExpiryDelta !== undefined) {
    throw new BookendError('bad_request', 'Only a hold invoice can ask for other blocks of time than the default.', {
      advice: 'Name a paymentHash, or leave minFinalCltvExpiryDelta out.',
    })
  }
  const reply = await desk.ask(request => ({
    type: 'payment',
    input:
      held === undefined
        ? { type: 'create_invoice', request, preimage: desk.randomBytes(PREIMAGE_BYTES), ...common }
        : {
            type: 'create_hold_invoice',
            request,
            paymentHash: held,
            ...(minFinalCltvExpiryDelta !== undefined && { minFinalCltvExpiryDelta }),
            ...common,
          },
  }))
  const { invoice, paymentHash: hash, expiresAt } = replyOf(reply, 'invoice')
  return { invoice, paymentHash: hash, expiresAt }
}

/** Takes what is held. Whoever asks again, having missed the answer, gets it. */
export async function settleInvoice(
  desk: NodeDesk,
  { preimage: hex }: { readonly preimage: string },
): Promise<Payment> {
  const preimage = parseHex(hex)
  if (!preimage.ok || preimage.value.length !== PREIMAGE_BYTES) {
    throw new BookendError('bad_request', `A preimage has ${PREIMAGE_BYTES} bytes, as lowercase hex.`, {
      advice: 'Name the preimage whose SHA-256 is the payment hash of the invoice.',
    })
  }
  const { value } = preimage
  try {
    const reply = await desk.ask(request => ({
      type: 'payment',
      input: { type: 'settle_invoice', request, preimage: value },
    }))
    return replyOf(reply, 'payment').payment
  } catch (error) {
    if (!(error instanceof BookendError) || error.code !== 'not_found') throw error
    const before = await findPayment(desk.store, paymentHash(sha256(value))).catch(() => undefined)
    if (before?.direction === 'received' && before.status === 'succeeded') return before
    throw error
  }
}

export async function cancelInvoice(desk: NodeDesk, hash: PaymentHash): Promise<void> {
  await desk.ask(request => ({ type: 'payment', input: { type: 'cancel_invoice', request, paymentHash: hash } }))
}

export function listInvoices(desk: NodeDesk, { limit, after, held = false }: InvoicesRequest): readonly InvoiceInfo[] {
  const all = openInvoices(desk.state().payments, looking(desk))
  const start = after === undefined ? 0 : all.findIndex(({ invoice }) => invoice.paymentHash === after) + 1
  if (after !== undefined && start === 0) throw noInvoice(after)
  return all
    .slice(start)
    .filter(({ status }) => !held || status === 'held')
    .slice(0, Math.min(limit ?? DEFAULT_INVOICES_LISTED, MAX_INVOICES_LISTED))
    .map(infoOf)
}

export function invoiceInfo(desk: NodeDesk, hash: PaymentHash): InvoiceInfo {
  const found = openInvoice(desk.state().payments, hash, looking(desk))
  if (found === undefined) throw noInvoice(hash)
  return infoOf(found)
}

function looking(desk: NodeDesk) {
  const { now, limits } = desk.context()
  return { now, limits: limits.payment }
}

function infoOf({ invoice: open, ...view }: OpenInvoiceView): InvoiceInfo {
  const { paymentHash: hash, invoice, amountMsat, description, expiresAt, preimage } = open
  return {
    paymentHash: hash,
    invoice,
    status: view.status,
    hold: preimage === undefined,
    amountMsat,
    description,
    expiresAt,
    receivedMsat: view.receivedMsat,
    htlcs: view.htlcs,
    cancelledAtHeight: view.cancelledAtHeight,
  }
}

function noInvoice(hash: string): BookendError {
  return new BookendError('not_found', `No invoice with the hash ${hash} is open.`, {
    advice: `\`bookend payments ${hash}\` shows whether it was paid.`,
    facts: { reason: 'unknown_invoice' },
  })
}
