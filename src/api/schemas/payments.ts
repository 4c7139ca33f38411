import { z } from 'zod'
import { invoiceIn } from './invoices.ts'
import { budget, holdTimes } from './routes.ts'
import {
  choice,
  msatIn,
  msatText,
  nodeIdIn,
  nodeIdText,
  paymentHashIn,
  paymentHashText,
  preimageText,
  time,
  whole,
  wholeText,
} from './values.ts'

/** More payments than these are asked for in several requests. */
export const MAX_PAYMENTS_PER_PAGE = 1000
const MAX_TIMEOUT_MS = 24 * 60 * 60 * 1000

export const payRequest = z
  .strictObject({
    invoice: invoiceIn.optional(),
    nodeId: nodeIdIn
      .optional()
      .meta({ description: 'Pays straight to a peer that there is a channel with (keysend).' }),
    amountMsat: msatIn.optional().meta({ description: 'Where the invoice names none, and for keysend.' }),
    timeoutMs: whole('milliseconds that it is tried', { min: 1, max: MAX_TIMEOUT_MS }).optional(),
    ...budget,
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
    detail: z.string().optional().meta({ description: 'What is wrong with an invoice, as a stable code.' }),
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
    holdTimes: holdTimes.optional(),
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
  direction: choice('which way', ['sent', 'received']).optional(),
  status: choice('a status', ['pending', 'succeeded', 'failed']).optional(),
})
