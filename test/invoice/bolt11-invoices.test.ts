import { describe, expect, test } from 'vitest'
import { fromHex, toHex, utf8Encode } from '../../src/base/index.ts'
import { addressFromScript, type Network, scriptFromAddress } from '../../src/bitcoin/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import { invoiceDigest } from '../../src/invoice/digest.ts'
import { encodeInvoice, type Invoice, type InvoiceFields, signInvoice } from '../../src/invoice/index.ts'
import { wordsToPaddedBytes } from '../../src/invoice/words.ts'
import { listFeatures } from '../../src/wire/index.ts'
import vectors from './bolt11-invoices.vectors.json' with { type: 'json' }
import { decoded, refusal, secret, signedWords, wordsOf } from './fixture.ts'

const valid = vectors.cases.filter(vector => vector.valid)
const invalid = vectors.cases.filter(vector => !vector.valid)

/** The codes of the figures' own, and ours. */
const CODES: Readonly<Record<string, string>> = {
  unknownEvenFeature: 'unknown_required_feature',
  badChecksum: 'bad_checksum',
  noSeparator: 'no_separator',
  mixedCase: 'mixed_case',
  unrecoverableSignature: 'bad_signature',
  tooShort: 'too_short',
  badMultiplier: 'bad_multiplier',
  subMillisatoshi: 'sub_millisatoshi',
  missingPaymentSecret: 'missing_payment_secret',
  highSWithPayee: 'high_s_signature',
}

describe('the valid examples of BOLT 11', () => {
  test('are 16', () => expect(valid).toHaveLength(16))

  test.each(valid)('$name: says what BOLT 11 says it does', vector => {
    const invoice = decoded(vector.invoice)
    expect(summaryOf(invoice)).toEqual({
      network: vector.network,
      amountMsat: vector.amountMsat,
      timestamp: vector.timestamp,
      paymentHash: vector.paymentHash,
      paymentSecret: vector.paymentSecret,
      description: vector.description,
      descriptionHash: vector.descriptionHash,
      metadata: vector.metadata,
      expirySeconds: vector.expirySeconds ?? 3600,
      minFinalCltvExpiryDelta: vector.minFinalCltvExpiryDelta ?? 18,
      fallbacks: (vector.fallbacks ?? []).map(({ address }) => address),
      routeHints: vector.routeHints ?? [],
      featureBits: vector.featureBits,
      payee: vector.payeeNodeId ?? vectors.common.payeeNodeId,
    })
    expect(invoice.namedPayee).toBeUndefined()
    if (vector.descriptionHashInput !== undefined)
      expect(toHex(sha256(utf8Encode(vector.descriptionHashInput)))).toBe(vector.descriptionHash)
  })

  test.each(valid.filter(vector => vector.signedData !== undefined))('$name: is signed over these bytes', vector => {
    const { prefix, words } = wordsOf(vector.invoice)
    const signed = words.slice(0, -104)
    expect(toHex(utf8Encode(prefix)) + toHex(wordsToPaddedBytes(signed))).toBe(vector.signedData)
    expect(toHex(invoiceDigest(prefix, signed))).toBe(vector.signedHash)
  })

  test.each(valid.filter(vector => vector.highS !== true))('$name: is signed again byte for byte', vector => {
    const { prefix, words } = wordsOf(vector.invoice)
    expect(signedWords(prefix, words.slice(0, -104))).toBe(vector.invoice.toLowerCase())
  })

  // Those whose fields stand in the order that we write them in.
  const inOurOrder = [
    'donation, any amount',
    'coffee, 60 second expiry',
    'UTF-8 description',
    'hashed description',
    'P2PKH fallback and two-hop route hint',
    'P2TR fallback',
  ]
  test.each(valid.filter(({ name }) => inOurOrder.includes(name)))('$name: is made byte for byte', vector => {
    const { network, amountMsat, timestamp, paymentHash, paymentSecret, description, fallbackScripts, routeHints } =
      decoded(vector.invoice)
    const fields: InvoiceFields = {
      network,
      timestamp,
      paymentHash,
      paymentSecret,
      description,
      fallbackScripts,
      routeHints,
      ...(amountMsat === undefined ? {} : { amountMsat }),
      ...(vector.expirySeconds === undefined ? {} : { expirySeconds: vector.expirySeconds }),
    }
    expect(signInvoice(fields, secret)).toBe(vector.invoice)
    expect(toHex(encodeInvoice(fields).digest)).toBe(vector.signedHash)
  })

  test.each(valid)('$name: what was read is written and read again', vector => {
    const invoice = decoded(vector.invoice)
    const { payee: _, ...fields } = invoice
    expect(decoded(signInvoice(fields, secret))).toEqual({ ...invoice, payee: vectors.common.payeeNodeId })
  })

  test('the fields to be ignored are kept as they came', () => {
    const vector = valid.find(({ name }) => name === 'fields to ignore')
    const { otherFields } = decoded(vector?.invoice ?? '')
    const letters = otherFields.map(({ type, words }) => ({
      tag: 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'[type],
      dataLength: words.length,
      ...(type === 9 ? { version: words[0] } : {}),
    }))
    expect(letters).toEqual(vector?.ignoredFields)
  })
})

describe('the invalid examples of BOLT 11', () => {
  test('are 10', () => expect(invalid).toHaveLength(10))

  test.each(invalid)('$name is refused for that', vector => {
    expect(refusal(vector.invoice)).toBe(CODES[vector.error ?? ''])
  })
})

/** An invoice in the words of the figures. */
function summaryOf(invoice: Invoice) {
  const { network, description } = invoice
  return {
    network: network === 'bitcoin' ? 'mainnet' : network,
    amountMsat: invoice.amountMsat?.toString() ?? null,
    timestamp: invoice.timestamp,
    paymentHash: invoice.paymentHash,
    paymentSecret: toHex(invoice.paymentSecret),
    description: description.type === 'text' ? description.text : undefined,
    descriptionHash: description.type === 'hash' ? toHex(description.hash) : undefined,
    metadata: invoice.paymentMetadata && toHex(invoice.paymentMetadata),
    expirySeconds: invoice.expirySeconds,
    minFinalCltvExpiryDelta: invoice.minFinalCltvExpiryDelta,
    fallbacks: invoice.fallbackScripts.map(script => addressOf(script, network)),
    routeHints: invoice.routeHints.map(hops =>
      hops.map(({ nodeId, feeBaseMsat, ...hop }) => ({ pubkey: nodeId, ...hop, feeBaseMsat: feeBaseMsat.toString() })),
    ),
    featureBits: listFeatures(invoice.features),
    payee: invoice.payee,
  }
}

function addressOf(script: Uint8Array, network: Network): string | undefined {
  const address = addressFromScript(script, network)
  expect(scriptFromAddress(address ?? '', network)).toEqual({ ok: true, value: fromHex(toHex(script)) })
  return address
}
