import { err, ok, type Result, remainder } from '../base/index.ts'
import type { TlvFields, TlvRecords } from '../wire/index.ts'
import { blindedPathCodec } from './blindedPathCodec.ts'
import { type RecordFailure, readRecords, type TlvRecord, writeRecords } from './records.ts'

// What an onion message says to one hop: onionmsg_tlv (BOLT 4, the onion_message message).

const TABLE = {
  replyPath: [2n, blindedPathCodec],
  encryptedRecipientData: [4n, remainder],
  invoiceRequest: [64n, remainder],
  invoice: [66n, remainder],
  invoiceError: [68n, remainder],
} as const satisfies TlvRecords

/** What the last hop gets. The streams of BOLT 12 are bytes here; there is at most one of the three. */
export interface OnionMessageContent extends Omit<TlvFields<typeof TABLE>, 'encryptedRecipientData'> {
  /** Records that are not in BOLT 4: of odd type. */
  readonly unknown?: readonly TlvRecord[]
}

export interface OnionMessagePayload extends OnionMessageContent {
  readonly encryptedRecipientData: Uint8Array
}

export function encodeMessagePayload({ unknown = [], ...fields }: OnionMessagePayload): Uint8Array {
  return writeRecords(TABLE, fields, unknown)
}

/** Reads the payload of a hop; only the last one may get more than its encrypted data (BOLT 4, the reader of `onion_message`). */
export function decodeMessagePayload(bytes: Uint8Array, isFinal: boolean): Result<OnionMessagePayload, string> {
  const read = readRecords(TABLE, bytes)
  if (!read.ok) return err(sentence(read.error))
  const { fields, unknown, places } = read.value
  const { encryptedRecipientData } = fields
  if (encryptedRecipientData === undefined) return err('expected encrypted_recipient_data, got none')
  if (!isFinal && places.length > 1)
    return err('expected nothing but encrypted_recipient_data for a hop that passes on')
  const contents = [fields.invoiceRequest, fields.invoice, fields.invoiceError].filter(field => field !== undefined)
  if (contents.length > 1)
    return err(`expected one of invoice_request, invoice and invoice_error, got ${contents.length}`)
  return ok({ ...fields, encryptedRecipientData, ...(unknown.length > 0 && { unknown }) })
}

const sentence = ({ type, offset, message }: RecordFailure): string =>
  `${message}, in the record of type ${type} at byte ${offset}`
