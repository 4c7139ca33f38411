import { z } from 'zod'
import {
  choice,
  count,
  height,
  msatIn,
  msatText,
  nodeIdText,
  paymentHashIn,
  paymentHashText,
  preimageText,
  shortChannelIdText,
  text,
  time,
  whole,
  wholeText,
} from './values.ts'

const MAX_INVOICES_PER_PAGE = 1000
const MAX_EXPIRY_SECONDS = 366 * 24 * 60 * 60
/** What a description field of an invoice holds (BOLT 11: 1023 digits of 5 bits). */
const MAX_DESCRIPTION_LENGTH = 639
const MAX_INVOICE_LENGTH = 7089
/** More blocks than a node gives: it says itself how many. */
const MAX_BLOCKS = 65_535

export const invoiceIn = text('an invoice (BOLT 11)', { max: MAX_INVOICE_LENGTH })

export const invoiceRequest = z
  .strictObject({
    amountMsat: msatIn.optional().meta({ description: 'Without it the payer chooses.' }),
    description: text('what the payer reads', { min: 0, max: MAX_DESCRIPTION_LENGTH }).optional(),
    expirySeconds: whole('seconds until it expires', { min: 1, max: MAX_EXPIRY_SECONDS }).optional(),
    paymentHash: paymentHashIn.optional().meta({
      description:
        'Makes it a hold invoice, whose preimage the caller has or will have: what is paid for it waits until it is settled or cancelled.',
    }),
    minFinalCltvExpiryDelta: whole('blocks of time that a hold invoice asks for', { min: 1, max: MAX_BLOCKS })
      .optional()
      .meta({ description: 'Of a hold invoice: the blocks that there are to decide. 144 unless told.' }),
  })
  .meta({ id: 'InvoiceRequest' })
export type InvoiceRequestJson = z.input<typeof invoiceRequest>

export const invoice = z
  .object({ invoice: z.string(), paymentHash: paymentHashText, expiresAt: time })
  .meta({ id: 'Invoice' })
export type InvoiceJson = z.infer<typeof invoice>

export const openInvoice = z
  .object({
    paymentHash: paymentHashText,
    invoice: z.string(),
    status: z.enum(['open', 'paying', 'held', 'expired']).meta({
      description:
        '`paying`: a part of it has come, and the rest is awaited. `held`: all of it has come, and waits until it is settled or cancelled.',
    }),
    hold: z.boolean().meta({ description: 'Its preimage is not the node’s: what is paid for it waits.' }),
    amountMsat: msatText.optional(),
    description: z.string(),
    expiresAt: time,
    receivedMsat: msatText.meta({ description: 'What has come of it and waits.' }),
    htlcs: count,
    cancelledAtHeight: height.optional().meta({ description: 'At this height what waits goes back.' }),
  })
  .meta({ id: 'OpenInvoice' })
export const openInvoices = z.array(openInvoice).meta({ id: 'OpenInvoices' })
export type OpenInvoiceJson = z.infer<typeof openInvoice>

export const invoicePath = z.object({ paymentHash: paymentHashIn })
export const invoicesQuery = z.strictObject({
  limit: wholeText('how many at most', { min: 1, max: MAX_INVOICES_PER_PAGE })
    .optional()
    .meta({ description: 'How many at most; 100 unless told.' }),
  after: paymentHashIn.optional().meta({ description: 'Those behind the one with this payment hash.' }),
  held: choice('whether only those are listed whose payment is held', ['true', 'false']).optional(),
})

export const settleRequest = z.strictObject({ preimage: preimageText }).meta({ id: 'SettleRequest' })
export type SettleJson = z.input<typeof settleRequest>

export const decodeRequest = z.strictObject({ invoice: invoiceIn }).meta({ id: 'DecodeRequest' })

const hintHop = z.object({
  nodeId: nodeIdText,
  shortChannelId: shortChannelIdText,
  feeBaseMsat: msatText,
  feeProportionalMillionths: count,
  cltvExpiryDelta: count,
})

export const decodedInvoice = z
  .object({
    network: z.enum(['bitcoin', 'testnet', 'signet', 'regtest']).meta({
      description: '`testnet` stands for all networks for tests that everybody shares.',
    }),
    payee: nodeIdText,
    amountMsat: msatText.optional(),
    paymentHash: paymentHashText,
    paymentSecret: z.string(),
    description: z.string().optional().meta({ description: 'As the payee wrote it.' }),
    descriptionHash: z.string().optional(),
    createdAt: time,
    expiresAt: time,
    minFinalCltvExpiryDelta: count,
    fallbackAddresses: z.array(z.string()),
    routeHints: z.array(z.array(hintHop)),
    features: z.array(z.object({ bit: count, name: z.string().optional(), required: z.boolean() })),
    paymentMetadata: z.string().optional(),
    unknownFields: count,
  })
  .meta({ id: 'DecodedInvoice' })
export type DecodedInvoiceJson = z.infer<typeof decodedInvoice>
