import { hkdfSync, pbkdf2Sync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/base/index.ts'
import {
  bip39Seed,
  entropyFromSeedPhrase,
  keysFromPhrase,
  parseSeedPhrase,
  type SeedPhrase,
  seedPhraseFromEntropy,
} from '../../src/keys/index.ts'

interface Vector {
  readonly entropy: string
  readonly phrase: string
  readonly seed: string
}

const { vectors } = JSON.parse(readFileSync(new URL('./bip39.vectors.json', import.meta.url), 'utf8')) as {
  readonly vectors: readonly Vector[]
}
const long = vectors.filter(({ entropy }) => entropy.length === 64)
const short = vectors.filter(({ entropy }) => entropy.length < 64)

function phraseOf(text: string): SeedPhrase {
  const parsed = parseSeedPhrase(text)
  if (!parsed.ok) throw new Error(parsed.error.got)
  return parsed.value
}

describe('the vectors of BIP 39', () => {
  test('there are eight of 24 words', () => expect([long.length, short.length]).toEqual([8, 16]))

  test.each(long)('$entropy is its phrase, and back, and its seed', ({ entropy, phrase, seed }) => {
    expect(seedPhraseFromEntropy(fromHex(entropy))).toBe(phrase)
    expect(toHex(entropyFromSeedPhrase(phraseOf(phrase)))).toBe(entropy)
    expect(toHex(bip39Seed(phraseOf(phrase), 'TREZOR'))).toBe(seed)
  })

  test.each(short)('a phrase of fewer words is refused: $entropy', ({ phrase }) => {
    expect(parseSeedPhrase(phrase)).toMatchObject({ ok: false, error: { code: 'word_count', expected: '24 words' } })
  })
})

describe('a phrase as somebody types it', () => {
  const words = (long[4]?.phrase ?? '').split(' ')

  test('upper case and white space do not matter', () => {
    expect(phraseOf(`\n ${words.join(' \t\n').toUpperCase()} `)).toBe(words.join(' '))
  })

  test('a word that is not on the list is told by its place, never by itself', () => {
    const typed = words.with(2, 'bookend').with(23, 'zo')
    const parsed = parseSeedPhrase(typed.join(' '))
    expect(parsed).toMatchObject({ ok: false, error: { code: 'unknown_word', got: 'another word at place 3, 24' } })
    expect(JSON.stringify(parsed)).not.toContain('bookend')
  })

  test('a word too many is refused', () => {
    expect(parseSeedPhrase([...words, 'zoo'].join(' '))).toMatchObject({ error: { code: 'word_count', got: '25' } })
  })

  test('a wrong word is refused by the checksum, all but once in 256 times', () => {
    const list = ['abandon', 'zoo', 'legal', 'winner', 'thank', 'year', 'wave', 'sausage', 'worth', 'useful']
    const typed = words.flatMap((word, at) => list.filter(other => other !== word).map(other => words.with(at, other)))
    const failures = typed.map(each => parseSeedPhrase(each.join(' ')))
    expect(typed.length).toBeGreaterThan(200)
    expect(failures.filter(each => each.ok).length).toBeLessThan(6)
    for (const each of failures) if (!each.ok) expect(each.error.code).toBe('checksum')
  })

  test('entropy of another length is a bug of ours', () => {
    for (const length of [0, 16, 31, 33])
      expect(() => seedPhraseFromEntropy(new Uint8Array(length))).toThrow(/32 bytes/)
  })

  test('every entropy comes back from its phrase', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), entropy => {
        const phrase = seedPhraseFromEntropy(entropy)
        expect(parseSeedPhrase(phrase)).toEqual({ ok: true, value: phrase })
        expect(entropyFromSeedPhrase(phrase)).toEqual(entropy)
      }),
    )
  })
})

describe('what comes from the words', () => {
  // Pinned for ever: another value here would lose every channel that was made from such words.
  test('the seed layout, version 1', () => {
    const phrase = seedPhraseFromEntropy(new Uint8Array(32))
    expect(phrase.endsWith('abandon art')).toBe(true)
    expect(toHex(keysFromPhrase(phrase).channelSeed)).toBe(
      'c271bee7fa8424f9b16cd4da1e4e8a798218c575a403137b43619242beab44c2',
    )
  })

  test('it is what the host computes by the formula of the docstring', () => {
    for (const { phrase } of long) {
      const bip39 = pbkdf2Sync(phrase, 'mnemonic', 2048, 64, 'sha512')
      const expected = (use: string) => new Uint8Array(hkdfSync('sha256', bip39, 'bookend/seed/v1', use, 32))
      expect(keysFromPhrase(phraseOf(phrase))).toEqual({
        channelSeed: expected('channels'),
        nodeSecret: expected('node'),
        backupKey: expected('backup'),
        storageKey: expected('peer-storage'),
        walletSeed: new Uint8Array(bip39),
      })
    }
  })
})
