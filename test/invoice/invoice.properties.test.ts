import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_MONEY_MSAT, msat, nodeId, paymentHash } from '../../src/base/index.ts'
import {
  p2pkhScript,
  p2shScript,
  p2trScript,
  p2wpkhScriptFromHash,
  witnessProgramScript,
} from '../../src/bitcoin/index.ts'
import { publicKeyFromSecret, sha256 } from '../../src/crypto/index.ts'
import { decodeInvoice, encodeInvoice, type InvoiceFields, signInvoice } from '../../src/invoice/index.ts'
import { featureBits, shortChannelId } from '../../src/wire/index.ts'
import { decoded, payee, plain, refusal, secret, signedWords, textOf, validTexts, wordsOf } from './fixture.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const keys = bytes(32).map(seed => nodeId(publicKeyFromSecret(sha256(seed))))

const hops = fc.record({
  nodeId: keys,
  shortChannelId: fc
    .record({ blockHeight: fc.nat(2 ** 24 - 1), txIndex: fc.nat(2 ** 24 - 1), outputIndex: fc.nat(65535) })
    .map(shortChannelId),
  feeBaseMsat: fc.nat(2 ** 32 - 1).map(msat),
  feeProportionalMillionths: fc.nat(2 ** 32 - 1),
  cltvExpiryDelta: fc.nat(65535),
})

const scripts = fc.oneof(
  bytes(20).map(p2pkhScript),
  bytes(20).map(p2shScript),
  bytes(20).map(p2wpkhScriptFromHash),
  bytes(32).map(p2trScript),
  fc
    .record({ version: fc.integer({ min: 1, max: 16 }), program: fc.uint8Array({ minLength: 2, maxLength: 40 }) })
    .map(witnessProgramScript),
)

const descriptionText = fc.string({ unit: 'binary', maxLength: 150 })

const invoices: fc.Arbitrary<InvoiceFields> = fc.record(
  {
    network: fc.constantFrom('bitcoin', 'testnet', 'signet', 'regtest'),
    amountMsat: fc
      .oneof(
        fc.bigInt(1n, MAX_MONEY_MSAT),
        fc
          .tuple(fc.bigInt(1n, 10_000n), fc.constantFrom(1n, 100n, 100_000n, 100_000_000n, 100_000_000_000n))
          .map(([a, b]) => a * b),
      )
      .map(msat),
    timestamp: fc.integer({ min: 0, max: 2 ** 35 - 1 }),
    paymentHash: bytes(32).map(paymentHash),
    paymentSecret: bytes(32),
    description: fc.oneof(
      descriptionText.map(text => ({ type: 'text' as const, text })),
      bytes(32).map(hash => ({ type: 'hash' as const, hash })),
    ),
    paymentMetadata: fc.uint8Array({ maxLength: 639 }),
    expirySeconds: fc.oneof(fc.nat(100_000), fc.integer({ min: 0, max: 2 ** 50 })),
    minFinalCltvExpiryDelta: fc.oneof(fc.nat(2016), fc.nat(2 ** 32 - 1)),
    fallbackScripts: fc.array(scripts, { maxLength: 3 }),
    routeHints: fc.array(fc.array(hops, { minLength: 1, maxLength: 4 }), { maxLength: 3 }),
    features: fc
      .subarray([9, 15, 17, 25, 37, 48, 49, 99, 1001])
      .map(bits => featureBits(...(bits.includes(17) ? [...bits, 14] : bits))),
    namedPayee: fc.constant(nodeId(publicKeyFromSecret(secret))),
    otherFields: fc.array(
      fc.record({
        type: fc.constantFrom(0, 2, 4, 31),
        words: fc.array(fc.nat(31), { maxLength: 60 }).map(words => Uint8Array.from(words)),
      }),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: ['network', 'timestamp', 'paymentHash', 'paymentSecret', 'description'] },
)

/** What stands for what a writer leaves out. */
const DEFAULTS = {
  expirySeconds: 3600,
  minFinalCltvExpiryDelta: 18,
  fallbackScripts: [],
  routeHints: [],
  features: featureBits(8, 14),
  otherFields: [],
}

describe('an invoice', () => {
  test('that was written is read as what it was, in either case', () => {
    fc.assert(
      fc.property(invoices, fields => {
        const text = signInvoice(fields, secret)
        expect(decoded(text)).toEqual({ ...DEFAULTS, ...fields, payee })
        expect(decoded(text.toUpperCase())).toEqual(decoded(text))
        // What was read is written as the same text, once all that has a default is there.
        const again = signInvoice(decoded(text), secret)
        expect(decoded(again)).toEqual(decoded(text))
      }),
      { numRuns: 400 },
    )
  })

  test('has its amount in the shortest form', () => {
    const prefixOf = (amount: bigint) => encodeInvoice({ ...plain, amountMsat: msat(amount) }).prefix
    expect([1n, 99n, 100n, 150n, 100_000n, 250_000_000n, 2_000_000_000n, 100_000_000_000n].map(prefixOf)).toEqual([
      'lnbc10p',
      'lnbc990p',
      'lnbc1n',
      'lnbc1500p',
      'lnbc1u',
      'lnbc2500u',
      'lnbc20m',
      'lnbc1',
    ])
    expect(encodeInvoice(plain).prefix).toBe('lnbc')
  })

  test('has no field of features where there are none', () => {
    const { words } = encodeInvoice({ ...plain, features: new Uint8Array(3) })
    expect(words).toEqual(encodeInvoice({ ...plain, features: new Uint8Array(0) }).words)
    expect(encodeInvoice(plain).words.length - words.length).toBe(6)
  })
})

describe('it is a bug to write', () => {
  const cases: Readonly<Record<string, Partial<InvoiceFields>>> = {
    'a zero amount': { amountMsat: msat(0) },
    'more than all the bitcoin': { amountMsat: msat(MAX_MONEY_MSAT + 1n) },
    'a timestamp of 36 bits': { timestamp: 2 ** 35 },
    'a negative timestamp': { timestamp: -1 },
    'half a second': { timestamp: 0.5 },
    'a short payment secret': { paymentSecret: new Uint8Array(31) },
    'a description that does not fit': { description: { type: 'text', text: 'x'.repeat(640) } },
    'a short description hash': { description: { type: 'hash', hash: new Uint8Array(31) } },
    'metadata that does not fit': { paymentMetadata: new Uint8Array(640) },
    'a negative expiry': { expirySeconds: -1 },
    'an expiry beyond any use': { expirySeconds: Number.MAX_SAFE_INTEGER },
    'a distance beyond any use': { minFinalCltvExpiryDelta: 2 ** 32 },
    'a script without an address': { fallbackScripts: [Uint8Array.of(0x6a, 1, 1)] },
    'an odd program of version 0': { fallbackScripts: [Uint8Array.of(0, 3, 1, 2, 3)] },
    'a route hint of no hops': { routeHints: [[]] },
    'a feature without what it depends on': { features: featureBits(8, 17) },
    'a feature that we do not know ourselves': { features: featureBits(8, 14, 100) },
    'the name of another node': { namedPayee: nodeId(publicKeyFromSecret(sha256(secret))) },
    'a field of type 32': { otherFields: [{ type: 32, words: new Uint8Array(0) }] },
    'a word of 6 bits': { otherFields: [{ type: 0, words: Uint8Array.of(32) }] },
    'a field that is too long': { otherFields: [{ type: 0, words: new Uint8Array(1024) }] },
    'a known field as an unknown one': { otherFields: [{ type: 6, words: Uint8Array.of(1) }] },
  }
  test.each(Object.entries(cases))('%s', (_, change) => {
    expect(() => signInvoice({ ...plain, ...change }, secret)).toThrow('bug in Bookend')
  })

  test('and none to write the largest of each', () => {
    const description = { type: 'text', text: 'x'.repeat(639) } as const
    const largest = { ...plain, description, timestamp: 2 ** 35 - 1, paymentMetadata: new Uint8Array(639) }
    expect(decoded(signInvoice(largest, secret))).toMatchObject(largest)
  })
})

describe('a text that is not what the payee wrote is refused', () => {
  const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'

  test('with any single character changed into another of bech32, in each valid example', () => {
    let tried = 0
    for (const text of validTexts) {
      const letters = text === text.toUpperCase() ? alphabet.toUpperCase() : alphabet
      for (let at = 0; at < text.length; at++) {
        // A quarter of the alphabet at each place, another one at the next; the test below takes all of it.
        for (const other of [...letters].filter((_, place) => (place + at) % 4 === 0).concat('1')) {
          if (other === text[at]) continue
          tried++
          expect(decodeInvoice(text.slice(0, at) + other + text.slice(at + 1)).ok, `${other} at ${at} of ${text}`).toBe(
            false,
          )
        }
      }
    }
    expect(tried).toBeGreaterThan(45_000)
  })

  test('with any single character changed into anything at all, left out or doubled', () => {
    const anything = [
      ...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)),
      '\u212a',
      '\u017f',
      '\u0130',
    ]
    for (const text of [
      signInvoice({ ...plain, amountMsat: msat(1), namedPayee: nodeId(publicKeyFromSecret(secret)) }, secret),
      validTexts[0] ?? '',
    ]) {
      for (let at = 0; at < text.length; at++) {
        const before = text.slice(0, at)
        for (const other of anything) {
          if (other === text[at]) continue
          expect(decodeInvoice(before + other + text.slice(at + 1)).ok, `${other} at ${at}`).toBe(false)
        }
        expect(decodeInvoice(before + text.slice(at + 1)).ok, `without ${at}`).toBe(false)
        expect(decodeInvoice(before + text[at] + text.slice(at)).ok, `${at} twice`).toBe(false)
      }
    }
  })

  test('or names somebody else, with any single character changed and the checksum made anew', () => {
    for (const text of validTexts.slice(0, 3)) {
      const { prefix, words } = wordsOf(text)
      const author = decoded(text).payee
      for (let at = 0; at < words.length; at++) {
        const changed = textOf(
          prefix,
          words.map((word, i) => (i === at ? word ^ 1 : word)),
        )
        const result = decodeInvoice(changed)
        expect(result.ok && result.value.payee === author, `word ${at}`).toBe(false)
      }
    }
  })

  test('with any single word changed and the checksum made anew, where the payee is named', () => {
    const text = signInvoice({ ...plain, namedPayee: nodeId(publicKeyFromSecret(secret)) }, secret)
    const { prefix, words } = wordsOf(text)
    // The last two words are the recovery id, which nobody looks at where the payee is named.
    for (let at = 0; at < words.length - 2; at++) {
      for (const flip of [1, 16]) {
        const changed = textOf(
          prefix,
          words.map((word, i) => (i === at ? word ^ flip : word)),
        )
        const result = decodeInvoice(changed)
        expect(result.ok && result.value.payee === payee, `word ${at}`).toBe(false)
      }
    }
  })
})

describe('no text makes it throw', () => {
  test('whatever the characters', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string()), text => {
        expect(refusal(text)).not.toBe('accepted')
        expect(refusal(`lnbc1${text}`)).not.toBe('accepted')
        expect(refusal(`ln${text}1`)).not.toBe('accepted')
      }),
      { numRuns: 2000 },
    )
  })

  test('whatever the words, with a checksum and a signature that fit', () => {
    const reached = new Set<string>()
    const lengths = fc.constantFrom(0, 1, 2, 3, 20, 33, 51, 52, 53, 82)
    const fields = lengths.chain(length =>
      fc
        .tuple(fc.nat(31), fc.array(fc.nat(31), { minLength: length, maxLength: length }))
        .map(([type, words]) => [type, length >> 5, length & 31, ...words]),
    )
    const before = encodeInvoice(plain).words
    fc.assert(
      fc.property(fc.array(fields, { maxLength: 8 }), fc.boolean(), (random, complete) => {
        const words = Uint8Array.from([...before.slice(0, complete ? undefined : 7), ...random.flat()])
        reached.add(refusal(signedWords('lnbc', words)))
      }),
      { numRuns: 2000 },
    )
    expect([...reached]).toEqual(
      expect.arrayContaining(['accepted', 'not_minimal', 'bad_padding', 'missing_payment_hash']),
    )
  })

  test('whatever the words, with a checksum that fits', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(31), { maxLength: 400 }), words => {
        expect(refusal(textOf('lntb', Uint8Array.from(words)))).not.toBe('accepted')
      }),
      { numRuns: 1000 },
    )
  })
})
