import { bech32 } from '@scure/base'
import { expect } from 'vitest'
import { concat, fromHex, paymentHash, toHex, utf8Encode } from '../../src/base/index.ts'
import { publicKeyFromSecret, signEcdsaRecoverable } from '../../src/crypto/index.ts'
import { invoiceDigest } from '../../src/invoice/digest.ts'
import { withSignature } from '../../src/invoice/encode.ts'
import { decodeInvoice, type Invoice, type InvoiceFields, type TaggedField } from '../../src/invoice/index.ts'
import vectors from './bolt11-invoices.vectors.json' with { type: 'json' }

/** The key that signs the examples of BOLT 11. */
export const secret = fromHex(vectors.common.privateKey)
export const payee = toHex(publicKeyFromSecret(secret))

export const validTexts: readonly string[] = vectors.cases.filter(({ valid }) => valid).map(({ invoice }) => invoice)

/** What each invoice has, and nothing else. */
export const plain: InvoiceFields = {
  network: 'bitcoin',
  timestamp: 1496314658,
  paymentHash: paymentHash(new Uint8Array(32).fill(7)),
  paymentSecret: new Uint8Array(32).fill(0x11),
  description: { type: 'text', text: 'coffee beans' },
}

export function decoded(text: string): Invoice {
  const result = decodeInvoice(text)
  expect(result, text).toMatchObject({ ok: true })
  if (!result.ok) throw new Error('the line above has failed')
  return result.value
}

/** The code of the refusal, once its words have been looked at. */
export function refusal(text: string): string {
  const result = decodeInvoice(text)
  if (result.ok) return 'accepted'
  const { code, expected, got, section } = result.error
  expect(expected).toMatch(/^\S.{4,}/)
  expect(got).toMatch(/^\S/)
  expect(got.length).toBeLessThan(90)
  expect(section).toMatch(/^(BOLT 11|BIP 173), [A-Z]/)
  return code
}

/** The words of a text without its checksum, and what stands before its separator. */
export function wordsOf(text: string): { readonly prefix: string; readonly words: Uint8Array } {
  const { prefix, words } = bech32.decode(text as `${string}1${string}`, false)
  return { prefix, words: Uint8Array.from(words) }
}

export function textOf(prefix: string, words: Uint8Array): string {
  return bech32.encode(prefix, words, false)
}

/** A text with these words and a signature of them by the key of the examples. */
export function signedWords(prefix: string, words: Uint8Array): string {
  const digest = invoiceDigest(prefix, words)
  return withSignature({ prefix, words, digest }, signEcdsaRecoverable(digest, secret))
}

const LETTERS = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'

/** A field by its letter; the length may lie. */
export function field(letter: string, words: Uint8Array | readonly number[], length = words.length): Uint8Array {
  return Uint8Array.of(LETTERS.indexOf(letter), length >> 5, length & 31, ...words)
}

export const bytesField = (letter: string, bytes: Uint8Array): Uint8Array => field(letter, bech32.toWords(bytes))
export const hashField = bytesField('p', new Uint8Array(32).fill(7))
export const secretField = bytesField('s', new Uint8Array(32).fill(0x11))
export const textField = bytesField('d', utf8Encode('coffee beans'))
/** The timestamp of the examples. */
export const TIMESTAMP: Uint8Array = Uint8Array.of(1, 12, 18, 31, 28, 25, 2)

/** A signed invoice of these fields alone. */
export function invoiceOf(...fields: readonly Uint8Array[]): string {
  return signedWords('lnbc', concat(TIMESTAMP, ...fields))
}

/** The same with the three fields before them that each invoice needs. */
export function invoiceWith(...fields: readonly Uint8Array[]): string {
  return invoiceOf(hashField, secretField, textField, ...fields)
}

/** A field as the room hands it out. */
export function asTagged(words: Uint8Array): TaggedField {
  return { type: words[0] ?? 0, words: words.slice(3) }
}
