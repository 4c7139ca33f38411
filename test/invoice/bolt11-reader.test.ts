import { describe, expect, test } from 'vitest'
import { concat, fromHex, utf8Encode } from '../../src/base/index.ts'
import { p2pkhScript, p2shScript, witnessProgramScript } from '../../src/bitcoin/index.ts'
import { recoverPublicKey, signEcdsaRecoverable } from '../../src/crypto/index.ts'
import { invoiceDigest } from '../../src/invoice/digest.ts'
import { withSignature } from '../../src/invoice/encode.ts'
import { invoiceIsExpired, MAX_INVOICE_LENGTH } from '../../src/invoice/index.ts'
import { bitsToWords, bytesToWords, integerToWords } from '../../src/invoice/words.ts'
import { featureBits } from '../../src/wire/index.ts'
import { bytes32, ORDER, toInteger } from '../crypto/backends.ts'
import {
  asTagged,
  bytesField,
  decoded,
  field,
  hashField,
  invoiceOf,
  invoiceWith,
  payee,
  refusal,
  secret,
  secretField,
  signedWords,
  TIMESTAMP,
  textField,
  textOf,
  wordsOf,
} from './fixture.ts'

const other32 = new Uint8Array(32).fill(9)
const body = wordsOf(invoiceWith()).words.slice(0, -104)

describe('the text (BIP 173)', () => {
  const text = invoiceWith()

  test('is taken in lower and in upper case, and in no mixture', () => {
    expect(decoded(text.toUpperCase())).toEqual(decoded(text))
    expect(refusal(`L${text.slice(1)}`)).toBe('mixed_case')
    expect(refusal(text.slice(0, -1) + text.slice(-1).toUpperCase())).toBe('mixed_case')
  })

  test('has no other characters, not even those that become letters in lower case', () => {
    // The Kelvin sign is k in lower case, the long s is S in upper case.
    expect(refusal(text.toUpperCase().replace('K', '\u212a'))).toBe('bad_character')
    expect(refusal(text.replace('s', '\u017f'))).toBe('bad_character')
    for (const around of [' ', '\n', '\t', '\u00a0', '\ufeff', '\0', '😀', '\ud800']) {
      expect(refusal(around + text)).toBe('bad_character')
      expect(refusal(text + around)).toBe('bad_character')
    }
    expect(refusal(text.replace('1p', '1b'))).toBe('bad_character')
    expect(refusal(`lightning:${text}`)).toBe('unknown_prefix')
  })

  test('has a separator, something before it and a checksum behind it', () => {
    for (const none of ['', 'lnbc', '1', `1${text.slice(5)}`]) expect(refusal(none)).toBe('no_separator')
    for (const short of ['lnbc1', 'lnbc1qqqqq']) expect(refusal(short)).toBe('too_short')
    expect(refusal('lnbc1qqqqqq')).toBe('bad_checksum')
  })

  test('is looked at up to 7089 characters', () => {
    const filled = (length: number) => {
      const missing = length - text.length
      const lengths = [...Array(Math.floor(missing / 1000)).fill(1000), missing % 1000]
      return invoiceWith(...lengths.map(size => field('q', new Uint8Array(size - 3))))
    }
    expect(filled(MAX_INVOICE_LENGTH - 1)).toHaveLength(7088)
    expect(decoded(filled(MAX_INVOICE_LENGTH)).otherFields).toHaveLength(7)
    const { prefix, words } = wordsOf(filled(MAX_INVOICE_LENGTH))
    expect(refusal(textOf(prefix, concat(words, Uint8Array.of(0))))).toBe('too_long')
    expect(refusal('l'.repeat(1_000_000))).toBe('too_long')
  })
})

describe('the human-readable part (BOLT 11)', () => {
  const amountOf = (prefix: string) => decoded(signedWords(prefix, body)).amountMsat
  const refusedAs = (prefix: string) => refusal(signedWords(prefix, body))

  test('names one of four networks', () => {
    const networkOf = (prefix: string) => decoded(signedWords(prefix, body)).network
    expect(['lnbc', 'lntb', 'lntbs', 'lnbcrt'].map(networkOf)).toEqual(['bitcoin', 'testnet', 'signet', 'regtest'])
    expect(['lnbc7m', 'lntb7m', 'lntbs7m', 'lnbcrt7m'].map(networkOf)).toEqual([
      'bitcoin',
      'testnet',
      'signet',
      'regtest',
    ])
    for (const prefix of ['ln', 'bc', 'lnb', 'lnbcr', 'lnbcm', 'lnsb', 'lno', 'lnltc5m', 'bc5', '5m', 'xlnbc', '~'])
      expect(refusedAs(prefix), prefix).toBe('unknown_prefix')
  })

  test('has an amount in bitcoin or a part of it', () => {
    const cases: readonly [string, bigint | undefined][] = [
      ['lnbc', undefined],
      ['lnbc1', 100_000_000_000n],
      ['lnbc1m', 100_000_000n],
      ['lnbc1u', 100_000n],
      ['lnbc1n', 100n],
      ['lnbc10p', 1n],
      ['lnbc9678785340p', 967_878_534n],
      // Not the shortest form, which is no fault of the reader.
      ['lnbc2500000u', 250_000_000_000n],
      ['lnbc21000000', 2_100_000_000_000_000_000n],
      ['lnbc21000000000000000000p', 2_100_000_000_000_000_000n],
    ]
    for (const [prefix, amount] of cases) expect(amountOf(prefix), prefix).toBe(amount)
  })

  test('has a whole number above zero and of no more than all the bitcoin', () => {
    for (const amount of ['0', '0m', '00', '01', '021m', '0p', '21000001', '21000000001m', '21000000000000000010p'])
      expect(refusedAs(`lnbc${amount}`), amount).toBe('bad_amount')
    expect(refusedAs(`lnbc${'9'.repeat(6000)}p`)).toBe('sub_millisatoshi')
    expect(refusedAs(`lnbc${'9'.repeat(6000)}`)).toBe('bad_amount')
  })

  test('has one multiplier at most, and a known one', () => {
    for (const amount of ['1x', '1mm', '1k', '1m1m', '1.5m', '1-', '1bc', '5~'])
      expect(refusedAs(`lnbc${amount}`), amount).toBe('bad_multiplier')
  })

  test('has pico-bitcoin in tens', () => {
    for (const amount of ['1p', '11p', '109p']) expect(refusedAs(`lnbc${amount}`)).toBe('sub_millisatoshi')
    expect(amountOf('lnbc110p')).toBe(11n)
  })
})

describe('the data part (BOLT 11)', () => {
  test('has a timestamp of 35 bits', () => {
    for (const [words, timestamp] of [
      [new Uint8Array(7), 0],
      [new Uint8Array(7).fill(31), 2 ** 35 - 1],
      [TIMESTAMP, 1496314658],
    ] as const) {
      expect(decoded(signedWords('lnbc', concat(words, body.slice(7)))).timestamp).toBe(timestamp)
    }
  })

  test('has room for a timestamp and a signature', () => {
    expect(refusal(textOf('lnbc', new Uint8Array(110)))).toBe('too_short')
    expect(refusal(textOf('lnbc', new Uint8Array(111)))).toBe('missing_payment_hash')
    expect(refusal(textOf('lnbc', new Uint8Array(0)))).toBe('too_short')
  })

  test('has whole fields only', () => {
    for (const cut of [[0], [0, 0], [0, 0, 1], [31, 31, 31, 0, 0]])
      expect(refusal(invoiceWith(Uint8Array.from(cut)))).toBe('truncated_field')
    expect(refusal(invoiceWith(field('d', new Uint8Array(5), 6)))).toBe('truncated_field')
    expect(refusal(invoiceWith(Uint8Array.of(0, 0, 0)))).toBe('accepted')
  })

  test('is signed: a recovery id above 3 or an r that is no point recovers nothing', () => {
    const digest = invoiceDigest('lnbc', body)
    const signed = signEcdsaRecoverable(digest, secret)
    const withId = (id: number, signature = signed.signature) =>
      textOf('lnbc', concat(body, bytesToWords(concat(signature, Uint8Array.of(id)))))
    expect(decoded(withId(signed.recoveryId)).payee).toBe(payee)
    expect(decoded(withId(1 - signed.recoveryId)).payee).not.toBe(payee)
    for (const id of [2, 3, 4, 27, 255]) expect(refusal(withId(id)), `${id}`).toBe('bad_signature')
    expect(refusal(withId(0, new Uint8Array(64)))).toBe('bad_signature')
    expect(refusal(withId(0, new Uint8Array(64).fill(0xff)))).toBe('bad_signature')
  })
})

describe('the payee', () => {
  const named = concat(body, bytesField('n', fromHex(payee)))
  const digest = invoiceDigest('lnbc', named)
  const { signature, recoveryId } = signEcdsaRecoverable(digest, secret)
  const highS = concat(signature.slice(0, 32), bytes32(ORDER - toInteger(signature.slice(32))))
  const unsigned = { prefix: 'lnbc', words: named, digest }

  test('is who the invoice names, whatever the recovery id', () => {
    const { namedPayee, payee: found } = decoded(withSignature(unsigned, { signature, recoveryId: 3 }))
    expect([namedPayee, found]).toEqual([payee, payee])
  })

  test('signs with a low S where it is named', () => {
    expect(refusal(withSignature(unsigned, { signature: highS, recoveryId }))).toBe('high_s_signature')
  })

  test('may sign with a high S where it is recovered', () => {
    const nameless = { prefix: 'lnbc', words: body, digest: invoiceDigest('lnbc', body) }
    const signed = signEcdsaRecoverable(nameless.digest, secret)
    const high = concat(signed.signature.slice(0, 32), bytes32(ORDER - toInteger(signed.signature.slice(32))))
    const turned = signed.recoveryId === 0 ? 1 : 0
    expect(decoded(withSignature(nameless, { signature: high, recoveryId: turned })).payee).toBe(payee)
  })

  test('is not somebody else who could be recovered', () => {
    const other = fromHex('03d06758583bb5154774a6eb221b1276c9e82d65bbaceca806d90e20c108f4b1c7')
    const words = concat(body, bytesField('n', other))
    expect(recoverPublicKey(signature, recoveryId, digest)).toEqual(fromHex(payee))
    expect(refusal(signedWords('lnbc', words))).toBe('bad_signature')
    expect(refusal(withSignature(unsigned, { signature: new Uint8Array(64), recoveryId }))).toBe('bad_signature')
  })

  test('is a point on the curve', () => {
    expect(refusal(invoiceWith(bytesField('n', new Uint8Array(33).fill(5))))).toBe('bad_public_key')
  })
})

describe('the tagged fields (BOLT 11)', () => {
  test('have a payment hash, a payment secret and one description', () => {
    expect(refusal(invoiceOf(secretField, textField))).toBe('missing_payment_hash')
    expect(refusal(invoiceOf(hashField, textField))).toBe('missing_payment_secret')
    expect(refusal(invoiceOf(hashField, secretField))).toBe('missing_description')
    expect(refusal(invoiceWith(bytesField('h', other32)))).toBe('two_descriptions')
    const { description } = decoded(invoiceOf(hashField, secretField, bytesField('h', other32)))
    expect(description).toEqual({ type: 'hash', hash: other32 })
  })

  test('count once, the first of a type', () => {
    const twice = invoiceWith(bytesField('p', other32), bytesField('s', other32), bytesField('d', other32))
    const { otherFields, ...invoice } = decoded(twice)
    expect({ ...invoice, otherFields: [] }).toEqual(decoded(invoiceWith()))
    expect(otherFields.map(({ type }) => type)).toEqual([1, 16, 13])
  })

  test('of another length than their type has stand for nothing', () => {
    const lengths = { p: [0, 51, 53], s: [0, 51, 53], h: [0, 51, 53], n: [0, 52, 54] }
    for (const [letter, sizes] of Object.entries(lengths)) {
      for (const size of sizes) {
        const set = field(letter, new Uint8Array(size).fill(1))
        expect(decoded(invoiceOf(set, hashField, secretField, textField))).toEqual({
          ...decoded(invoiceWith()),
          otherFields: [asTagged(set)],
        })
      }
    }
    expect(refusal(invoiceOf(field('p', new Uint8Array(51)), secretField, textField))).toBe('missing_payment_hash')
    expect(refusal(invoiceOf(hashField, field('s', new Uint8Array(53)), textField))).toBe('missing_payment_secret')
  })

  test('of an unknown type are kept, in their order', () => {
    const unknown = [field('q', [1, 2, 3]), field('2', []), field('l', new Uint8Array(1023).fill(31))]
    expect(decoded(invoiceWith(...unknown)).otherFields).toEqual(unknown.map(asTagged))
  })

  test('are filled up with zeros', () => {
    const onePast = (words: Uint8Array) => words.map((word, at) => (at === words.length - 1 ? word | 1 : word))
    const rest = [hashField, secretField, textField]
    for (const letter of ['p', 's', 'h']) {
      const bad = field(letter, onePast(bytesToWords(other32)))
      expect(refusal(invoiceOf(bad, ...rest)), letter).toBe('bad_padding')
    }
    expect(refusal(invoiceWith(field('n', onePast(bytesToWords(fromHex(payee))))))).toBe('bad_padding')
    // One word is no byte, and three are one byte and seven bits.
    for (const letter of ['d', 'm'])
      for (const size of [1, 3, 6]) {
        const bad = field(letter, new Uint8Array(size))
        expect(refusal(invoiceOf(bad, hashField, secretField)), `${letter} ${size}`).toBe('bad_padding')
      }
    expect(refusal(invoiceWith(field('f', [0, ...onePast(bytesToWords(new Uint8Array(32)))])))).toBe('bad_padding')
    expect(refusal(invoiceWith(field('r', onePast(new Uint8Array(82)))))).toBe('bad_padding')
  })

  test('have a description in UTF-8', () => {
    for (const bytes of ['ff', 'c0af', 'eda080', '80', 'f4908080', 'e38182e3'])
      expect(refusal(invoiceOf(hashField, secretField, bytesField('d', fromHex(bytes)))), bytes).toBe('not_utf8')
    for (const text of ['', 'ナンセンス 1杯', '😀', 'x'.repeat(639)]) {
      const { description } = decoded(invoiceOf(hashField, secretField, bytesField('d', utf8Encode(text))))
      expect(description).toEqual({ type: 'text', text })
    }
  })

  test('have metadata of any bytes', () => {
    for (const bytes of [new Uint8Array(0), other32, new Uint8Array(639).fill(1)])
      expect(decoded(invoiceWith(bytesField('m', bytes))).paymentMetadata).toEqual(bytes)
    expect(decoded(invoiceWith())).not.toHaveProperty('paymentMetadata')
  })

  test('have numbers in the fewest characters, up to a bound', () => {
    const numbers = (letter: string, value: number) => {
      const { expirySeconds, minFinalCltvExpiryDelta } = decoded(invoiceWith(field(letter, integerToWords(value))))
      return [expirySeconds, minFinalCltvExpiryDelta]
    }
    expect(decoded(invoiceWith())).toMatchObject({ expirySeconds: 3600, minFinalCltvExpiryDelta: 18 })
    const longest = Number.MAX_SAFE_INTEGER - 2 ** 35 + 1
    for (const value of [0, 1, 31, 32, 604800, longest]) expect(numbers('x', value)).toEqual([value, 18])
    for (const value of [0, 1, 144, 2 ** 32 - 1]) expect(numbers('c', value)).toEqual([3600, value])
    expect(refusal(invoiceWith(field('x', integerToWords(longest + 1))))).toBe('out_of_range')
    expect(refusal(invoiceWith(field('c', integerToWords(2 ** 32))))).toBe('out_of_range')
    expect(refusal(invoiceWith(field('x', new Uint8Array(1023).fill(31))))).toBe('out_of_range')
    for (const letter of ['x', 'c'])
      for (const words of [[0], [0, 1], [0, 0, 31]])
        expect(refusal(invoiceWith(field(letter, words))), letter).toBe('not_minimal')
  })
})

describe('the fallbacks', () => {
  test('are output scripts, in their order', () => {
    const hash20 = new Uint8Array(20).fill(4)
    const fallback = (version: number, program: Uint8Array) => field('f', [version, ...bytesToWords(program)])
    const taken = [fallback(17, hash20), fallback(18, hash20), fallback(0, hash20), fallback(0, other32)]
    const later = [1, 2, 16].map(version => fallback(version, new Uint8Array(40)))
    expect(decoded(invoiceWith(...taken, ...later, fallback(1, new Uint8Array(2))))).toMatchObject({
      fallbackScripts: [
        p2pkhScript(hash20),
        p2shScript(hash20),
        witnessProgramScript({ version: 0, program: hash20 }),
        witnessProgramScript({ version: 0, program: other32 }),
        ...[1, 2, 16].map(version => witnessProgramScript({ version, program: new Uint8Array(40) })),
        witnessProgramScript({ version: 1, program: new Uint8Array(2) }),
      ],
      otherFields: [],
    })
  })

  test('of an unknown version, or of a length that the version does not have, are skipped', () => {
    const sizes: readonly [version: number, sizes: readonly number[]][] = [
      [0, [0, 2, 19, 21, 31, 33, 40]],
      [1, [0, 1, 41]],
      [16, [1, 41]],
      [17, [0, 19, 21, 32]],
      [18, [0, 19, 21, 32]],
      [19, [0, 20]],
      [31, [20, 32]],
    ]
    const skipped = sizes.flatMap(([version, lengths]) =>
      lengths.map(length => field('f', [version, ...bytesToWords(new Uint8Array(length))])),
    )
    skipped.push(field('f', []), field('f', [19, 31]))
    const { fallbackScripts, otherFields } = decoded(invoiceWith(...skipped))
    expect(fallbackScripts).toEqual([])
    expect(otherFields).toEqual(skipped.map(asTagged))
  })
})

describe('the route hints', () => {
  const hop = fromHex(
    `03d06758583bb5154774a6eb221b1276c9e82d65bbaceca806d90e20c108f4b1c7${'08fe4e000cf00001'}${'000003e8'}${'000009c4'}${'0028'}`,
  )

  test('are whole numbers of hops, as many as there are', () => {
    const { routeHints } = decoded(invoiceWith(bytesField('r', hop), bytesField('r', concat(hop, hop, hop))))
    const read = {
      nodeId: '03d06758583bb5154774a6eb221b1276c9e82d65bbaceca806d90e20c108f4b1c7',
      shortChannelId: '589390x3312x1',
      feeBaseMsat: 1000n,
      feeProportionalMillionths: 2500,
      cltvExpiryDelta: 40,
    }
    expect(routeHints).toEqual([[read], [read, read, read]])
    expect(decoded(invoiceWith(bytesField('r', concat(...Array(12).fill(hop))))).routeHints[0]).toHaveLength(12)
  })

  test('are skipped where they are none', () => {
    const offCurve = hop.map((byte, at) => (at === 0 ? 5 : byte))
    const skipped = [new Uint8Array(0), hop.slice(1), concat(hop, hop.slice(1)), offCurve, concat(hop, offCurve)]
    const { routeHints, otherFields } = decoded(invoiceWith(...skipped.map(bytes => bytesField('r', bytes))))
    expect(routeHints).toEqual([])
    expect(otherFields).toHaveLength(5)
  })
})

describe('the features (BOLT 11, Feature Bits)', () => {
  const withBits = (...bits: readonly number[]) => invoiceWith(field('9', bitsToWords(bits)))

  test('are a vector as of all other features', () => {
    expect(decoded(withBits(8, 14)).features).toEqual(featureBits(8, 14))
    expect(decoded(withBits(8, 15, 17, 25, 37, 49)).features).toEqual(featureBits(8, 15, 17, 25, 37, 49))
    expect(decoded(withBits(9, 14, 16, 24, 36, 48)).features).toEqual(featureBits(9, 14, 16, 24, 36, 48))
    expect(decoded(withBits(5114 - 1)).features).toEqual(featureBits(5113))
    expect(decoded(withBits()).features).toEqual(new Uint8Array(0))
    expect(decoded(invoiceWith()).features).toEqual(new Uint8Array(0))
  })

  test('must be known where they are required, and belong into an invoice', () => {
    // 28 is dual funding and 38 onion messages, which have no meaning here (BOLT 9, column Context).
    for (const bit of [2, 28, 38, 100, 5112])
      expect(refusal(withBits(8, 14, bit)), `${bit}`).toBe('unknown_required_feature')
    for (const bit of [3, 29, 39, 101, 5113]) expect(refusal(withBits(8, 14, bit)), `${bit}`).toBe('accepted')
  })

  test('come with what they depend on', () => {
    for (const bit of [16, 17]) expect(refusal(withBits(8, bit))).toBe('missing_feature_dependency')
    for (const bit of [14, 15]) expect(refusal(withBits(8, bit, 16))).toBe('accepted')
  })

  test('start with no zero', () => {
    for (const words of [[0], [0, 16, 8, 0]]) expect(refusal(invoiceWith(field('9', words)))).toBe('not_minimal')
  })
})

test('an invoice is expired once timestamp plus expiry has passed, and not before', () => {
  const hour = decoded(invoiceWith())
  expect([0, 3599, 3600, 3601].map(after => invoiceIsExpired(hour, 1496314658 + after))).toEqual([
    false,
    false,
    false,
    true,
  ])
  const minute = decoded(invoiceWith(field('x', integerToWords(60))))
  expect([59, 60, 60.5, 61].map(after => invoiceIsExpired(minute, 1496314658 + after))).toEqual([
    false,
    false,
    true,
    true,
  ])
  expect(invoiceIsExpired(hour, 0)).toBe(false)
})
