import { assert, byteAt, concat } from '../base/index.ts'
import { refuse } from './failure.ts'
import { MAX_FIELD_WORDS } from './limits.ts'
import type { TaggedField } from './types.ts'
import { integerToFixedWords, wordsToInteger } from './words.ts'

/** One word of type, two of length. */
const HEADER_WORDS = 3

/** The fields one after the other, whatever they mean (BOLT 11, Tagged Fields). */
export function splitFields(words: Uint8Array): readonly TaggedField[] {
  const fields: TaggedField[] = []
  let at = 0
  while (at < words.length) {
    const length = wordsToInteger(words.subarray(at + 1, at + HEADER_WORDS))
    const left = words.length - at - HEADER_WORDS
    if (left < 0) refuse('truncated_field', 'a type and a length of 3 characters', `${left + 3}`, 'Tagged Fields')
    if (length > left)
      refuse('truncated_field', `${length} characters of a field`, `${left} before the signature`, 'Tagged Fields')
    const start = at + HEADER_WORDS
    fields.push({ type: byteAt(words, at), words: words.slice(start, start + length) })
    at = start + length
  }
  return fields
}

export function joinFields(fields: readonly TaggedField[]): Uint8Array {
  return concat(
    ...fields.flatMap(({ type, words }) => {
      assert(Number.isInteger(type) && type >= 0 && type < 32, () => `a field of type ${type}`)
      assert(words.length <= MAX_FIELD_WORDS, () => `a field of ${words.length} words, at most ${MAX_FIELD_WORDS} fit`)
      assert(
        words.every(word => word < 32),
        'a word of a field has 5 bits',
      )
      return [Uint8Array.of(type), integerToFixedWords(words.length, 2), words]
    }),
  )
}
