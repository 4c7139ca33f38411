import { bech32 } from '@scure/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { attempt } from '../../src/invoice/failure.ts'
import { wordsToBytes, wordsToPaddedBytes } from '../../src/invoice/words.ts'

const words = fc.array(fc.nat(31), { maxLength: 120 }).map(each => Uint8Array.from(each))

function refusalOf(read: () => unknown): string {
  const result = attempt(read)
  return result.ok ? 'read' : result.error.code
}

test('any words are the bytes that another library reads, or are filled up wrongly for both', () => {
  let refused = 0
  fc.assert(
    fc.property(words, given => {
      const expected = bech32.fromWordsUnsafe(Array.from(given))
      if (expected) expect(wordsToBytes(given, 'a field')).toEqual(Uint8Array.from(expected))
      else {
        expect(refusalOf(() => wordsToBytes(given, 'a field'))).toBe('bad_padding')
        refused += 1
      }
    }),
    { numRuns: 500 },
  )
  expect(refused).toBeGreaterThan(0)
})

test('bytes come back from their words, also where those are signed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), bytes => {
      const given = Uint8Array.from(bech32.toWords(bytes))
      expect(wordsToBytes(given, 'a field')).toEqual(bytes)
      // What fills the last word up may need a byte of its own there.
      const padded = wordsToPaddedBytes(given)
      expect(padded.subarray(0, bytes.length)).toEqual(bytes)
      expect(padded.length).toBe(Math.ceil((given.length * 5) / 8))
      expect(padded.subarray(bytes.length).every(byte => byte === 0)).toBe(true)
    }),
  )
})

test('no more than zeros, and less than a word of them, fill up the last word', () => {
  expect(wordsToBytes(Uint8Array.of(), 'a field')).toEqual(Uint8Array.of())
  expect(wordsToBytes(Uint8Array.of(31, 28), 'a field')).toEqual(Uint8Array.of(255))
  expect(refusalOf(() => wordsToBytes(Uint8Array.of(31, 29), 'a field'))).toBe('bad_padding')
  expect(refusalOf(() => wordsToBytes(Uint8Array.of(31, 28, 0), 'a field'))).toBe('bad_padding')
  expect(refusalOf(() => wordsToBytes(Uint8Array.of(0), 'a field'))).toBe('bad_padding')
  expect(wordsToPaddedBytes(Uint8Array.of(31, 29))).toEqual(Uint8Array.of(255, 64))
})
