import { z } from 'zod'
import {
  msatIn,
  msatText,
  nodeIdIn,
  nodeIdText,
  paymentHashIn,
  paymentHashText,
  preimageText,
  text,
  time,
  whole,
  wholeText,
} from './values.ts'

/** More payments than these are asked for in several requests. */
export const MAX_PAYMENTS_PER_PAGE = 1000
const MAX_TIMEOUT_MS = 24 * 60 * 60 * 1000
const MAX_EXPIRY_SECONDS = 366 * 24 * 60 * 60
/** What a description field of an invoice holds (BOLT 11: 1023 digits of 5 bits). */
const MAX_DESCRIPTION_LENGTH = 639
const MAX_INVOICE_LENGTH = 7089

export const invoiceRequest = z
  .strictObject({
    amountMsat: msatIn.optional().meta({ description: 'Without it the payer chooses.' }),
    description: text('what the payer reads', { min: 0, max: MAX_DESCRIPTION_LENGTH }).optional(),
    expirySeconds: whole('seconds until it expires', { min: 1, max: MAX_EXPIRY_SECONDS }).optional(),
  })
  .meta({ id: 'InvoiceRequest' })
export type InvoiceRequestJson = z.input<typeof invoiceRequest>

export const invoice = z
  .object({ invoice: z.string(), paymentHash: paymentHashText, expiresAt: time })
  .meta({ id: 'Invoice' })
export type InvoiceJson = z.infer<typeof invoice>

export const payRequest = z
  .strictObject({
    invoice: text('an invoice (BOLT 11)', { max: MAX_INVOICE_LENGTH }).optional(),
    nodeId: nodeIdIn
      .optional()
      .meta({ description: 'Pays straight to a peer that there is a channel with (keysend).' }),
    amountMsat: msatIn.optional().meta({ description: 'Where the invoice names none, and for keysend.' }),
    timeoutMs: whole('milliseconds that it is tried', { min: 1, max: MAX_TIMEOUT_MS }).optional(),
  })
  .refine(({ invoice, nodeId }) => (invoice === undefined) !== (nodeId === undefined), {
    error: 'expected either `invoice` or `nodeId`, and not both',
  })
  .refine(({ nodeId, amountMsat }) => nodeId === undefined || amountMsat !== undefined, {
    error: 'is missing: a payment without an invoice needs an amount',
    path: ['amountMsat'],
  })
  .meta({ id: 'PayRequest', description: 'Either `invoice`, or `nodeId` with `amountMsat`.' })
export type PayJson = z.input<typeof payRequest>

const paymentFailure = z
  .object({
    code: z.enum([
      'invalid_invoice',
      'invoice_expired',
      'wrong_network',
      'amount',
      'self_payment',
      'already_paid',
      'in_flight',
      'no_channel',
      'insufficient_balance',
      'no_route',
      'fee_limit',
      'budget_exceeded',
      'unknown_token',
      'too_many_in_flight',
      'refused_by_recipient',
      'refused_on_the_way',
      'timeout',
      'lost_on_chain',
      'outcome_unknown',
      'idempotency_conflict',
      'too_many_invoices',
      'too_many_tokens',
      'unknown_invoice',
      'not_held',
      'chain_is_old',
      'unknown_channel',
      'invalid_policy',
    ]),
    message: z.string(),
  })
  .meta({ id: 'PaymentFailure', description: 'Why a payment failed: `code` is stable, `message` is for people.' })

export const payment = z
  .object({
    number: z.int().meta({ description: 'Counts up over the life of the node.' }),
    direction: z.enum(['sent', 'received']),
    status: z.enum(['pending', 'succeeded', 'failed']),
    paymentHash: paymentHashText,
    amountMsat: msatText,
    feeMsat: msatText,
    peer: nodeIdText.meta({ description: 'Who is paid, or the peer over whose channel it came.' }),
    preimage: preimageText.optional(),
    invoice: z.string().optional(),
    description: z.string().optional(),
    createdAt: time,
    endedAt: time.optional(),
    failure: paymentFailure.optional(),
  })
  .meta({ id: 'Payment' })
export const payments = z.array(payment).meta({ id: 'Payments' })
export type PaymentJson = z.infer<typeof payment>

export const paymentPath = z.object({ paymentHash: paymentHashIn })
export const paymentsQuery = z.strictObject({
  limit: wholeText('how many at most', { min: 1, max: MAX_PAYMENTS_PER_PAGE })
    .optional()
    .meta({ description: 'How many at most, newest first; 100 unless told.' }),
  before: wholeText('a number of a payment', { min: 0, max: Number.MAX_SAFE_INTEGER })
    .optional()
    .meta({ description: 'Only those with a lower number.' }),
})
