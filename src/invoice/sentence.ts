import type { InvoiceFailure } from './failure.ts'

/** What to do about a text that is no invoice. */
export const INVOICE_ADVICE = 'Copy the whole invoice again, or ask for another one.'

/** Why a text is no invoice that may be paid, for people. */
export function invoiceSentence({ code, expected, got, section }: InvoiceFailure): string {
  const known = SENTENCES[code]
  if (known !== undefined) return `${known({ expected, got })} (${section}).`
  return `The invoice cannot be read: expected ${expected}, got ${got} (${section}).`
}

type Told = Pick<InvoiceFailure, 'expected' | 'got'>

/** Those that people meet: a slip of the pen, half of a text, an invoice for somebody else or from a later time. */
const SENTENCES: { readonly [Code in InvoiceFailure['code']]?: (told: Told) => string } = {
  bad_checksum: () => 'The checksum of the invoice does not fit: a character was changed, lost or added',
  bad_character: ({ got }) => `The invoice has a character that no invoice has: ${got}`,
  mixed_case: () => 'The invoice has letters of both cases, and invoices have one: a character was changed',
  no_separator: () => 'The text is no invoice: there is no 1 between its prefix and its data',
  unknown_prefix: ({ expected, got }) =>
    `The text is no invoice of a network known here: it begins with ${got} instead of ${expected}`,
  too_short: () => 'The invoice is too short: a part of it is missing',
  too_long: ({ expected }) => `The text is too long for an invoice: ${expected} are looked at`,
  bad_signature: () => 'The signature of the invoice is not that of its payee',
  unknown_required_feature: ({ got }) => `The invoice requires a feature that is not known here: ${got}`,
  sub_millisatoshi: () => 'The amount of the invoice is no whole number of millisatoshis',
}
