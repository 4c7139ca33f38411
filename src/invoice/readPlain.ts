import { BookendError } from '../base/index.ts'
import { decodeInvoice } from './decode.ts'
import { type PlainInvoice, plainInvoice } from './plain.ts'
import { INVOICE_ADVICE, invoiceSentence } from './sentence.ts'

/** What an invoice says, of whatever network, expired or not. Throws what a node says that is asked to pay one that cannot be read. */
export function readPlainInvoice(text: string): PlainInvoice {
  const decoded = decodeInvoice(text)
  if (decoded.ok) return plainInvoice(decoded.value)
  throw new BookendError('bad_request', invoiceSentence(decoded.error), {
    advice: INVOICE_ADVICE,
    facts: { reason: 'invalid_invoice', detail: decoded.error.code },
  })
}
