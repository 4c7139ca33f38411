import { type Codec, decode, type NodeId, nodeId, paymentHash, utf8 } from '../base/index.ts'
import { isPublicKey } from '../crypto/index.ts'
import { refuse } from './failure.ts'
import { readFallback } from './fallback.ts'
import { readFeatures } from './features.ts'
import {
  DEFAULT_EXPIRY_SECONDS,
  DEFAULT_MIN_FINAL_CLTV_EXPIRY_DELTA,
  MAX_EXPIRY_SECONDS,
  MAX_MIN_FINAL_CLTV_EXPIRY_DELTA,
} from './limits.ts'
import { readRouteHint } from './routeHint.ts'
import { FIELD, type Invoice, type InvoiceDescription, type TaggedField } from './types.ts'
import { wordsToBytes, wordsToInteger } from './words.ts'

/** What the tagged fields say of an invoice. */
export type FieldValues = Omit<Invoice, 'network' | 'amountMsat' | 'timestamp' | 'payee'>

const SECTION = 'Tagged Fields'

/**
 * The meaning of the fields, or an `InvoiceError`. Of a field that came twice the first counts (BOLT 11, Payer / Payee
 * Requirements). What is of an unknown type or of a length that its type does not have is set aside: one sentence of BOLT 11
 * would refuse a wrong length, but its example "including fields which must be ignored" has eight of them and is valid. An
 * invoice is refused either way if nothing takes the place of a `p` or `s` that was set aside.
 */
export function readFields(fields: readonly TaggedField[]): FieldValues {
  const taken = new Set<TaggedField>()
  // `read` gives `undefined` for what is to be set aside.
  const all = <T>(type: number, read: (words: Uint8Array) => T | undefined, limit = Number.POSITIVE_INFINITY): T[] => {
    const values: T[] = []
    for (const field of fields) {
      if (field.type !== type || values.length >= limit) continue
      const value = read(field.words)
      if (value === undefined) continue
      values.push(value)
      taken.add(field)
    }
    return values
  }
  const first = <T>(type: number, read: (words: Uint8Array) => T | undefined): T | undefined => all(type, read, 1)[0]

  const hash = first(FIELD.PAYMENT_HASH, words => bytesOf32(words, 'the payment hash (p)'))
  const secret = first(FIELD.PAYMENT_SECRET, words => bytesOf32(words, 'the payment secret (s)'))
  const text = first(FIELD.DESCRIPTION, readText)
  const textHash = first(FIELD.DESCRIPTION_HASH, words => bytesOf32(words, 'the description hash (h)'))
  const metadata = first(FIELD.PAYMENT_METADATA, words => wordsToBytes(words, 'the payment metadata (m)'))
  const named = first(FIELD.PAYEE, readPayee)
  return {
    paymentHash: paymentHash(hash ?? missing('missing_payment_hash', 'a payment hash (p) of 52 characters')),
    paymentSecret: secret ?? missing('missing_payment_secret', 'a payment secret (s) of 52 characters'),
    description: oneDescription(text, textHash),
    ...(metadata === undefined ? {} : { paymentMetadata: metadata }),
    expirySeconds: first(FIELD.EXPIRY, readExpiry) ?? DEFAULT_EXPIRY_SECONDS,
    minFinalCltvExpiryDelta:
      first(FIELD.MIN_FINAL_CLTV_EXPIRY_DELTA, readMinFinalCltvExpiryDelta) ?? DEFAULT_MIN_FINAL_CLTV_EXPIRY_DELTA,
    fallbackScripts: all(FIELD.FALLBACK, readFallback),
    routeHints: all(FIELD.ROUTE_HINT, readRouteHint),
    features: first(FIELD.FEATURES, words => readFeatures(minimal(words, 'the features (9)'))) ?? new Uint8Array(0),
    ...(named === undefined ? {} : { namedPayee: named }),
    otherFields: fields.filter(field => !taken.has(field)),
  }
}

function missing(code: 'missing_payment_hash' | 'missing_payment_secret', expected: string): never {
  return refuse(code, expected, 'none', SECTION)
}

function oneDescription(text: string | undefined, hash: Uint8Array | undefined): InvoiceDescription {
  if (text !== undefined && hash !== undefined)
    refuse('two_descriptions', 'a description (d) or the hash of one (h)', 'both', SECTION)
  if (text !== undefined) return { type: 'text', text }
  if (hash !== undefined) return { type: 'hash', hash }
  return refuse('missing_description', 'a description (d) or the hash of one (h)', 'neither', SECTION)
}

function bytesOf32(words: Uint8Array, field: string): Uint8Array | undefined {
  return words.length === 52 ? wordsToBytes(words, field) : undefined
}

function readPayee(words: Uint8Array): NodeId | undefined {
  if (words.length !== 53) return undefined
  const bytes = wordsToBytes(words, 'the node id (n)')
  const id = nodeId(bytes)
  return isPublicKey(bytes) ? id : refuse('bad_public_key', 'a node id (n) that is a point on the curve', id, SECTION)
}

/** Text that takes all the bytes there are. */
const wholeText: Codec<string> = utf8({ write: () => undefined, read: reader => reader.remaining })

function readText(words: Uint8Array): string {
  const text = decode(wholeText, wordsToBytes(words, 'the description (d)'))
  return text.ok ? text.value : refuse('not_utf8', 'a description (d) in UTF-8', 'other bytes', SECTION)
}

function readExpiry(words: Uint8Array): number {
  return boundedInteger(words, 'the expiry (x)', MAX_EXPIRY_SECONDS)
}

function readMinFinalCltvExpiryDelta(words: Uint8Array): number {
  return boundedInteger(words, 'min_final_cltv_expiry_delta (c)', MAX_MIN_FINAL_CLTV_EXPIRY_DELTA)
}

function boundedInteger(words: Uint8Array, field: string, limit: number): number {
  const value = wordsToInteger(minimal(words, field))
  if (value > limit) refuse('out_of_range', `${field} of at most ${limit}`, 'a larger number', SECTION)
  return value
}

function minimal(words: Uint8Array, field: string): Uint8Array {
  if (words[0] === 0) refuse('not_minimal', `${field} in the fewest characters`, 'a zero at the start', SECTION)
  return words
}
