import {
  assert,
  MAX_MONEY_MSAT,
  paymentHash,
  pmapDelete,
  pmapGet,
  pmapSet,
  pmapValues,
  toHex,
  utf8Encode,
} from '../base/index.ts'
import type { Network } from '../bitcoin/index.ts'
import { sha256 } from '../crypto/index.ts'
import { MAX_DESCRIPTION_BYTES, signInvoice } from '../invoice/index.ts'
import { deleteInvoice, putInvoice } from './records.ts'
import { failure, refuse, replyTo } from './replies.ts'
import { type OpenInvoice, type PaymentStep, type PaymentsState, withSession } from './state.ts'
import { dueSweep, earlier, sweepTime } from './times.ts'
import type { PaymentContext, PaymentFailure, PaymentInput, PaymentWrite } from './types.ts'

type CreateInvoice = Extract<PaymentInput, { type: 'create_invoice' }>

/** Signs an invoice, and keeps what is needed to be paid (BOLT 11). Cost: a signature. */
export function createInvoice(state: PaymentsState, input: CreateInvoice, context: PaymentContext): PaymentStep {
  const { request, preimage, paymentSecret } = input
  const wrong = complaint(state, input, context)
  if (wrong !== undefined) return refuse(state, [request], wrong)
  const hash = paymentHash(sha256(preimage))
  assert(pmapGet(state.invoices, hash) === undefined, () => `the preimage of ${hash} is not fresh`)
  const timestamp = Math.floor(context.now / 1000)
  const { amountMsat, description, expirySeconds } = input
  const minFinalCltvExpiryDelta = context.limits.finalCltvExpiryDelta
  const amount = amountMsat === undefined ? {} : { amountMsat }
  const invoice = signInvoice(
    {
      network: invoiceNetwork(context.network),
      ...amount,
      timestamp,
      paymentHash: hash,
      paymentSecret,
      description: { type: 'text', text: description },
      expirySeconds,
      minFinalCltvExpiryDelta,
    },
    context.nodeSecret,
  )
  const open: OpenInvoice = {
    paymentHash: hash,
    invoice,
    preimage: toHex(preimage),
    paymentSecret: toHex(paymentSecret),
    ...amount,
    description,
    minFinalCltvExpiryDelta,
    expiresAt: (timestamp + expirySeconds) * 1000,
  }
  const next = dueSweep({ ...state, invoices: pmapSet(state.invoices, hash, open) }, sweepTime(open))
  const reply = { type: 'invoice', invoice, paymentHash: hash, expiresAt: open.expiresAt } as const
  return { next, writes: [putInvoice(open)], effects: replyTo([request], reply) }
}

function complaint(state: PaymentsState, input: CreateInvoice, { limits }: PaymentContext): PaymentFailure | undefined {
  const { amountMsat, description, expirySeconds } = input
  if (state.invoices.size >= limits.maxOpenInvoices) {
    const words = `${limits.maxOpenInvoices} invoices are open, which is the limit of this node: try again when some have expired.`
    return failure('too_many_invoices', words)
  }
  if (amountMsat !== undefined && (amountMsat === 0n || amountMsat > MAX_MONEY_MSAT)) {
    return failure('amount', `Expected an amount from 1 to ${MAX_MONEY_MSAT} msat, got ${amountMsat}.`)
  }
  if (!Number.isInteger(expirySeconds) || expirySeconds < 1 || expirySeconds > limits.maxExpirySeconds) {
    const words = `Expected an expiry of 1 to ${limits.maxExpirySeconds} seconds, got ${expirySeconds}.`
    return failure('invalid_invoice', words)
  }
  const bytes = utf8Encode(description).length
  if (bytes > MAX_DESCRIPTION_BYTES) {
    const words = `Expected a description of at most ${MAX_DESCRIPTION_BYTES} bytes, got ${bytes} (BOLT 11, field d).`
    return failure('invalid_invoice', words)
  }
  return undefined
}

/** All networks for tests that everybody shares write their invoices alike (BOLT 11, human-readable part). */
export function invoiceNetwork(network: PaymentContext['network']): Network {
  return network === 'testnet4' ? 'testnet' : network
}

/** Forgets invoices that expired long ago. Cost: one pass over all of them, at most once per `SWEEP_INTERVAL_MS`. */
export function sweepInvoices(state: PaymentsState, now: number): PaymentStep {
  const { sweepAt } = state.session
  if (sweepAt === undefined || sweepAt > now) return { next: state, writes: [], effects: [] }
  let { invoices } = state
  let next: number | undefined
  const writes: PaymentWrite[] = []
  for (const invoice of pmapValues(state.invoices)) {
    if (sweepTime(invoice) > now) {
      next = earlier(next, sweepTime(invoice))
    } else {
      invoices = pmapDelete(invoices, invoice.paymentHash)
      writes.push(deleteInvoice(invoice.paymentHash))
    }
  }
  return { next: withSession({ ...state, invoices }, { sweepAt: next }), writes, effects: [] }
}
