import { bech32 } from '@scure/base'
import { assert, byteAt, concat, defined } from '../base/index.ts'
import { refuse } from './failure.ts'

// Words are the 5-bit digits of bech32, one to a byte, the first the most significant.

const WORD_BITS = 5

export function bytesToWords(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bech32.toWords(bytes))
}

/** The bytes in the words of a field; the rest of the last word is zeros, less than a word (BOLT 11, Tagged Fields, writer). */
export function wordsToBytes(words: Uint8Array, field: string): Uint8Array {
  const { bytes, rest, restBits } = regrouped(words)
  return rest === 0 && restBits < WORD_BITS
    ? bytes
    : refuse('bad_padding', `${field} filled up to whole words with zeros`, 'other bits', 'Tagged Fields')
}

/** The bytes in the words, with zeros up to a whole byte, as they are signed (BOLT 11, Data Part). */
export function wordsToPaddedBytes(words: Uint8Array): Uint8Array {
  const { bytes, rest, restBits } = regrouped(words)
  return restBits === 0 ? bytes : concat(bytes, Uint8Array.of(rest << (8 - restBits)))
}

/** The whole bytes in the words, and the bits that are left. */
function regrouped(words: Uint8Array) {
  const bytes = new Uint8Array(Math.floor((WORD_BITS * words.length) / 8))
  let at = 0
  let rest = 0
  let restBits = 0
  for (const word of words) {
    rest = (rest << WORD_BITS) | word
    restBits += WORD_BITS
    if (restBits < 8) continue
    restBits -= 8
    bytes[at++] = rest >> restBits
    rest &= (1 << restBits) - 1
  }
  return { bytes, rest, restBits }
}

/** A number in the fewest words; zero has none. */
export function integerToWords(value: number): Uint8Array {
  assert(Number.isSafeInteger(value) && value >= 0, () => `${value} is not a safe integer`)
  const words: number[] = []
  for (let rest = value; rest > 0; rest = Math.floor(rest / 32)) words.unshift(rest % 32)
  return Uint8Array.from(words)
}

/** A number in exactly so many words. */
export function integerToFixedWords(value: number, width: number): Uint8Array {
  const shortest = integerToWords(value)
  assert(shortest.length <= width, () => `${value} does not fit in ${width} words`)
  const words = new Uint8Array(width)
  words.set(shortest, width - shortest.length)
  return words
}

/** The number in the words, or `Infinity` where it is above 2^53: each caller has a lower bound. */
export function wordsToInteger(words: Uint8Array): number {
  const value = words.reduce((sum, word) => sum * 32 + word, 0)
  return Number.isSafeInteger(value) ? value : Number.POSITIVE_INFINITY
}

/** The numbers of the bits that are set, where the lowest bit of the last word is 0 (BOLT 11, Feature Bits). */
export function wordsToBits(words: Uint8Array): readonly number[] {
  const bits: number[] = []
  for (let bit = 0; bit < 5 * words.length; bit++) {
    const word = byteAt(words, words.length - 1 - Math.floor(bit / 5))
    if (((word >> (bit % 5)) & 1) === 1) bits.push(bit)
  }
  return bits
}

/** The fewest words with these bits set. */
export function bitsToWords(bits: readonly number[]): Uint8Array {
  const words = new Uint8Array(bits.length === 0 ? 0 : Math.floor(Math.max(...bits) / 5) + 1)
  for (const bit of bits) {
    const at = words.length - 1 - Math.floor(bit / 5)
    words[at] = defined(words[at], 'the words reach the highest bit') | (1 << (bit % 5))
  }
  return words
}
