import { bech32 } from '@scure/base'
import { assert, byteAt, defined } from '../base/index.ts'
import { refuse } from './failure.ts'

// Words are the 5-bit digits of bech32, one to a byte, the first the most significant.

export function bytesToWords(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bech32.toWords(bytes))
}

/** The bytes in the words of a field; the rest of the last word is zeros, less than a word (BOLT 11, Tagged Fields, writer). */
export function wordsToBytes(words: Uint8Array, field: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((5 * words.length) / 8))
  let bits = 0
  let pending = 0
  let at = 0
  for (let i = 0; i < words.length; i++) {
    pending = (pending << 5) | byteAt(words, i)
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes[at] = pending >> bits
    at += 1
    pending &= (1 << bits) - 1
  }
  // A whole word that is left over, or a bit of it that is set, is none of the field's.
  if (bits < 5 && pending === 0) return bytes
  return refuse('bad_padding', `${field} filled up to whole words with zeros`, 'other bits', 'Tagged Fields')
}

/** The bytes in the words, with zeros up to a whole byte, as they are signed (BOLT 11, Data Part). */
export function wordsToPaddedBytes(words: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((5 * words.length) / 8))
  for (let bit = 0; bit < 5 * words.length; bit++) {
    const set = (byteAt(words, Math.floor(bit / 5)) >> (4 - (bit % 5))) & 1
    bytes[bit >> 3] = byteAt(bytes, bit >> 3) | (set << (7 - (bit % 8)))
  }
  return bytes
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
