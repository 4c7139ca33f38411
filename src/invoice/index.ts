// invoice: BOLT 11 payment requests, text in and fields out and back. Bech32 without a length of 90, tagged fields, signature.
// It must not know channels, routes or whether anything was paid, nor what time it is. Start reading at types.ts, then decode.ts.
export { decodeInvoice } from './decode.ts'
export { encodeInvoice, signInvoice, type UnsignedInvoice } from './encode.ts'
export { invoiceIsExpired } from './expiry.ts'
export type { InvoiceFailure } from './failure.ts'
export {
  DEFAULT_EXPIRY_SECONDS,
  DEFAULT_MIN_FINAL_CLTV_EXPIRY_DELTA,
  MAX_DESCRIPTION_BYTES,
  MAX_INVOICE_LENGTH,
} from './limits.ts'
export type { PlainFeature, PlainInvoice } from './plain.ts'
export { readPlainInvoice } from './readPlain.ts'
export { INVOICE_ADVICE, invoiceSentence } from './sentence.ts'
export type { Invoice, InvoiceDescription, InvoiceFields, RouteHintHop, TaggedField } from './types.ts'
