import { err, type Result } from '../base/index.ts'

/** Why a text is no invoice that may be paid. */
export interface InvoiceFailure {
  /** Stable, for programs. */
  readonly code: /** Longer than `MAX_INVOICE_LENGTH`. */
    | 'too_long'
    /** No room for a timestamp, a signature or the checksum. */
    | 'too_short'
    /** A character that bech32 does not have, or not there. */
    | 'bad_character'
    | 'mixed_case'
    /** There is no `1` between the readable part and the data. */
    | 'no_separator'
    | 'bad_checksum'
    /** It does not start with `ln` and a network that we know. */
    | 'unknown_prefix'
    /** Not a whole number, or one that starts with 0, or above all the bitcoin there can be. */
    | 'bad_amount'
    | 'bad_multiplier'
    /** The amount is no whole number of millisatoshis. */
    | 'sub_millisatoshi'
    /** A field claims more than is left. */
    | 'truncated_field'
    /** The bits that fill up the last word of a field are not zero, or too many. */
    | 'bad_padding'
    /** A number or the features start with a zero. */
    | 'not_minimal'
    /** A number beyond any use. */
    | 'out_of_range'
    /** The description is no text. */
    | 'not_utf8'
    /** The payee's key is no point on the curve. */
    | 'bad_public_key'
    | 'missing_payment_hash'
    | 'missing_payment_secret'
    | 'missing_description'
    /** A description and the hash of one. */
    | 'two_descriptions'
    /** It asks for what this version cannot do. */
    | 'unknown_required_feature'
    | 'missing_feature_dependency'
    /** Not by the payee that is named, or no key can be recovered from it. */
    | 'bad_signature'
    /** The payee is named, and S is in the upper half. */
    | 'high_s_signature'
  /** In words: what the rule wants. */
  readonly expected: string
  /** In words and figures: what came. */
  readonly got: string
  /** The document and section with the rule. */
  readonly section: string
}

/** Travels inside the room only: the door turns it into a failure value. */
export class InvoiceError extends Error {
  override readonly name = 'InvoiceError'
  readonly failure: InvoiceFailure
  constructor(failure: InvoiceFailure) {
    super(`expected ${failure.expected}, got ${failure.got} (${failure.section})`)
    this.failure = failure
  }
}

/** Ends the reading of an invoice. `section` is one of BOLT 11 where it says no other document. */
export function refuse(code: InvoiceFailure['code'], expected: string, got: string, section: string): never {
  throw new InvoiceError({ code, expected, got, section: section.startsWith('BIP ') ? section : `BOLT 11, ${section}` })
}

/** What `read` gives, or the failure that it ended with. */
export function attempt<T>(read: () => T): Result<T, InvoiceFailure> {
  try {
    return { ok: true, value: read() }
  } catch (error) {
    if (error instanceof InvoiceError) return err(error.failure)
    throw error
  }
}
