import { entropyToMnemonic, mnemonicToEntropy, mnemonicToSeedSync } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { assert, type Brand, err, ok, type Result, utf8Encode } from '../base/index.ts'
import { hkdfSha256 } from '../crypto/index.ts'

/** Twenty-four English words of BIP 39, lower case, one space between them, their checksum right. A secret. */
export type SeedPhrase = Brand<string, 'SeedPhrase'>

/** What is wrong with words that somebody typed. It names no word: such sentences end up in logs. */
export interface SeedPhraseFailure {
  readonly code: 'word_count' | 'unknown_word' | 'checksum'
  readonly expected: string
  readonly got: string
  readonly section: string
}

const WORDS = 24
/** Part of the seed layout: another salt or name is another layout, and would lose the channels of this one. */
const LAYOUT = utf8Encode('bookend/seed/v1')
const CHANNELS = utf8Encode('channels')

const KNOWN_WORDS: ReadonlySet<string> = new Set(wordlist)

/** The phrase of 32 bytes of entropy (BIP 39, Generating the mnemonic). */
export function seedPhraseFromEntropy(entropy: Uint8Array): SeedPhrase {
  assert(entropy.length === 32, () => `a phrase of 24 words has 32 bytes of entropy, got ${entropy.length}`)
  return entropyToMnemonic(entropy, wordlist) as SeedPhrase // the library writes exactly what the brand says
}

/** The 32 bytes that a phrase stands for. */
export function entropyFromSeedPhrase(phrase: SeedPhrase): Uint8Array {
  return mnemonicToEntropy(phrase, wordlist)
}

/** A phrase as somebody typed it: in any case, with any white space. */
export function parseSeedPhrase(text: string): Result<SeedPhrase, SeedPhraseFailure> {
  const words = text.normalize('NFKD').toLowerCase().split(/\s+/u).filter(Boolean)
  if (words.length !== WORDS) return refuse('word_count', `${WORDS} words`, `${words.length}`)
  const unknown = words.flatMap((word, index) => (KNOWN_WORDS.has(word) ? [] : [index + 1]))
  if (unknown.length > 0) {
    return refuse('unknown_word', 'words of the English list', `another word at place ${unknown.join(', ')}`)
  }
  const phrase = words.join(' ') as SeedPhrase // holds once the checksum below does
  try {
    mnemonicToEntropy(phrase, wordlist)
  } catch {
    // Count and words have been checked, so what is left is the library's word for a wrong checksum.
    return refuse('checksum', 'words whose checksum is right', 'a wrong or misplaced word')
  }
  return ok(phrase)
}

/**
 * The seed of the engine (32 bytes), from which all channels come. Seed layout, version 1:
 *
 *     HKDF-SHA256(ikm = BIP 39 seed, salt = "bookend/seed/v1", info = "channels")
 *
 * The BIP 39 seed (64 bytes) is the one that a wallet starts from, so the keys of an on-chain wallet can come from the same
 * words, and neither key tells of the other. Cost: 2048 rounds of HMAC-SHA512; keep the result.
 */
export function seedFromPhrase(phrase: SeedPhrase): Uint8Array {
  return hkdfSha256(bip39Seed(phrase), LAYOUT, CHANNELS, 32)
}

/** BIP 39, From mnemonic to seed: 64 bytes, for an on-chain wallet. Bookend itself uses no passphrase here, the vectors do. */
export function bip39Seed(phrase: SeedPhrase, passphrase = ''): Uint8Array {
  return mnemonicToSeedSync(phrase, passphrase)
}

function refuse(code: SeedPhraseFailure['code'], expected: string, got: string) {
  const section = code === 'word_count' ? 'seed layout of Bookend' : 'BIP 39, Generating the mnemonic'
  return err({ code, expected, got, section })
}
