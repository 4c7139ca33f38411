import { assert, concat, fromHex, toHex, unreachable, utf8Encode } from '../base/index.ts'
import { publicKeyFromSecret, type RecoverableSignature, signEcdsaRecoverable } from '../crypto/index.ts'
import { invoiceDigest } from './digest.ts'
import { attempt } from './failure.ts'
import { writeFallback } from './fallback.ts'
import { PAYEE_FEATURES, writeFeatures } from './features.ts'
import { MAX_DESCRIPTION_BYTES, MAX_TIMESTAMP, TIMESTAMP_WORDS } from './limits.ts'
import { writePrefix } from './prefix.ts'
import { readFields } from './readFields.ts'
import { writeRouteHint } from './routeHint.ts'
import { joinFields, splitFields } from './taggedFields.ts'
import { joinText } from './text.ts'
import { FIELD, type InvoiceFields, type TaggedField } from './types.ts'
import { bytesToWords, integerToFixedWords, integerToWords } from './words.ts'

/** All of an invoice but its signature. */
export interface UnsignedInvoice {
  /** The readable part: network and amount. */
  readonly prefix: string
  /** The timestamp and the fields, one word of 5 bits to a byte. */
  readonly words: Uint8Array
  /** What the payee signs, 32 bytes. */
  readonly digest: Uint8Array
}

/**
 * The payment request in lower case, signed by the node that is to be paid. A name (`namedPayee`) of another node is a bug
 * of the caller, as all is that `encodeInvoice` calls one.
 */
export function signInvoice(fields: InvoiceFields, nodeSecret: Uint8Array): string {
  const { namedPayee } = fields
  assert(
    namedPayee === undefined || namedPayee === toHex(publicKeyFromSecret(nodeSecret)),
    'an invoice names a payee other than the one that signs it',
  )
  const unsigned = encodeInvoice(fields)
  return withSignature(unsigned, signEcdsaRecoverable(unsigned.digest, nodeSecret))
}

/**
 * An invoice up to its signature. Fields that no reader would take are a bug of the caller: an amount of zero, a description
 * above `MAX_DESCRIPTION_BYTES`, more than 12 hops in a route hint, a script without an address, features that do not fit
 * together.
 */
export function encodeInvoice(fields: InvoiceFields): UnsignedInvoice {
  const { timestamp } = fields
  assert(Number.isInteger(timestamp) && timestamp >= 0 && timestamp <= MAX_TIMESTAMP, () => `timestamp ${timestamp}`)
  const prefix = writePrefix(fields)
  const tagged = joinFields(writeFields(fields))
  // What we write we can read, each field as what it is: this covers all that the fields ask of each other.
  const read = attempt(() => readFields(splitFields(tagged)))
  assert(read.ok, () => `an invoice was written that is refused: ${read.ok ? '' : read.error.code}`)
  const setAside = read.value.otherFields.length - (fields.otherFields ?? []).length
  assert(setAside === 0, 'each field of an invoice is read as what it was written as')
  const words = concat(integerToFixedWords(timestamp, TIMESTAMP_WORDS), tagged)
  return { prefix, words, digest: invoiceDigest(prefix, words) }
}

/** The text of an invoice with its signature behind it. */
export function withSignature(unsigned: UnsignedInvoice, { signature, recoveryId }: RecoverableSignature): string {
  const signatureWords = bytesToWords(concat(signature, Uint8Array.of(recoveryId)))
  return joinText(unsigned.prefix, concat(unsigned.words, signatureWords))
}

/** In the order of most examples of BOLT 11; fields of one type in the order of preference, the best first. */
function writeFields(fields: InvoiceFields): readonly TaggedField[] {
  const { paymentMetadata, namedPayee, expirySeconds, minFinalCltvExpiryDelta, features = PAYEE_FEATURES } = fields
  const written = (type: number, words: Uint8Array | undefined): readonly TaggedField[] =>
    words === undefined ? [] : [{ type, words }]
  const featureWords = writeFeatures(features)
  return [
    ...written(FIELD.PAYMENT_SECRET, bytesToWords(fields.paymentSecret)),
    ...written(FIELD.PAYMENT_HASH, bytesToWords(fromHex(fields.paymentHash))),
    writeDescription(fields),
    ...written(FIELD.PAYMENT_METADATA, paymentMetadata && bytesToWords(paymentMetadata)),
    ...written(FIELD.PAYEE, namedPayee === undefined ? undefined : bytesToWords(fromHex(namedPayee))),
    ...written(FIELD.EXPIRY, expirySeconds === undefined ? undefined : integerToWords(expirySeconds)),
    ...(fields.fallbackScripts ?? []).flatMap(script => written(FIELD.FALLBACK, writeFallback(script))),
    ...(fields.routeHints ?? []).flatMap(hops => written(FIELD.ROUTE_HINT, writeRouteHint(hops))),
    ...written(
      FIELD.MIN_FINAL_CLTV_EXPIRY_DELTA,
      minFinalCltvExpiryDelta === undefined ? undefined : integerToWords(minFinalCltvExpiryDelta),
    ),
    // Without a bit that is set, the field is left out (BOLT 11, Tagged Fields, writer).
    ...written(FIELD.FEATURES, featureWords.length === 0 ? undefined : featureWords),
    ...(fields.otherFields ?? []),
  ]
}

function writeDescription({ description }: InvoiceFields): TaggedField {
  switch (description.type) {
    case 'text': {
      const bytes = utf8Encode(description.text)
      assert(bytes.length <= MAX_DESCRIPTION_BYTES, () => `a description of ${bytes.length} bytes`)
      return { type: FIELD.DESCRIPTION, words: bytesToWords(bytes) }
    }
    case 'hash':
      return { type: FIELD.DESCRIPTION_HASH, words: bytesToWords(description.hash) }
    default:
      return unreachable(description)
  }
}
