import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { BookendError, fromHex, msat, paymentHash } from '../../src/base/index.ts'
import { type InvoiceFailure, invoiceSentence, readPlainInvoice, signInvoice } from '../../src/invoice/index.ts'

// Invoices as plain values, and what is said of texts that are none, over the examples of BOLT 11.

interface Figures {
  readonly cases: readonly { readonly name: string; readonly valid: boolean; readonly invoice: string }[]
}
const { cases } = JSON.parse(readFileSync(new URL('bolt11-invoices.vectors.json', import.meta.url), 'utf8')) as Figures

describe('plain invoices', () => {
  test('every valid example has each field as a value that JSON can say', () => {
    for (const { invoice } of cases.filter(({ valid }) => valid)) {
      const plain = readPlainInvoice(invoice)
      expect(plain.payee).toMatch(/^0[23][0-9a-f]{64}$/)
      expect(plain.paymentSecret).toMatch(/^[0-9a-f]{64}$/)
      expect(plain.expiresAt).toBeGreaterThan(plain.createdAt)
      expect((plain.description === undefined) === (plain.descriptionHash === undefined)).toBe(false)
      const values = Object.values(plain).flat(3)
      expect(values.some(value => value instanceof Uint8Array)).toBe(false)
    }
  })

  test('what it requires and what it offers, known or not, and bytes that only the payee understands', () => {
    const invoice = signInvoice(
      {
        network: 'signet',
        amountMsat: msat(1n),
        timestamp: 1_700_000_000,
        paymentHash: paymentHash(new Uint8Array(32).fill(1)),
        paymentSecret: new Uint8Array(32).fill(2),
        description: { type: 'text', text: '' },
        // Bits 8, 14, 17 and the odd 101, which nobody knows.
        features: fromHex('20000000000000000000024100'),
        paymentMetadata: Uint8Array.of(1, 255),
        expirySeconds: Number.MAX_SAFE_INTEGER - 2 ** 35,
        otherFields: [{ type: 0, words: Uint8Array.of(1) }],
      },
      new Uint8Array(32).fill(3),
    )
    expect(readPlainInvoice(invoice)).toMatchObject({
      network: 'signet',
      features: [
        { bit: 8, name: 'var_onion_optin', required: true },
        { bit: 14, name: 'payment_secret', required: true },
        { bit: 17, name: 'basic_mpp', required: false },
        { bit: 101, name: undefined, required: false },
      ],
      paymentMetadata: '01ff',
      unknownFields: 1,
      // No date is later than this one.
      expiresAt: 8.64e15,
    })
  })
})

describe('what is said of a text that is no invoice', () => {
  test.each(cases.filter(({ valid }) => !valid))('$name', ({ invoice }) => {
    try {
      readPlainInvoice(invoice)
      expect.unreachable('it was read')
    } catch (error) {
      expect(error).toBeInstanceOf(BookendError)
      // Looked at above.
      const { code, message, advice, facts } = error as BookendError
      expect({ code, reason: facts.reason }).toEqual({ code: 'bad_request', reason: 'invalid_invoice' })
      expect(facts.detail).toMatch(/^[a-z_]+$/)
      expect(message).toMatch(/^The .*\((BOLT 11|BIP 173), .*\)\.$/)
      expect(advice).not.toBe('')
    }
  })

  test('says what came where a person can do something with it, and the rule in all other cases', () => {
    const failure = { expected: 'this', got: 'that', section: 'BOLT 11, X' }
    const said = (code: InvoiceFailure['code']) => invoiceSentence({ code, ...failure })
    expect(said('bad_character')).toBe('The invoice has a character that no invoice has: that (BOLT 11, X).')
    expect(said('too_long')).toBe('The text is too long for an invoice: this are looked at (BOLT 11, X).')
    expect(said('missing_payment_hash')).toBe('The invoice cannot be read: expected this, got that (BOLT 11, X).')
  })
})
