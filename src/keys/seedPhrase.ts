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
const NODE = utf8Encode('node')
const BACKUP = utf8Encode('backup')
const PEER_STORAGE = utf8Encode('peer-storage')

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

/** BIP 39, From mnemonic to seed: 64 bytes, for an on-chain wallet. Bookend itself uses no passphrase here, the vectors do. */
export function bip39Seed(phrase: SeedPhrase, passphrase = ''): Uint8Array {
  return mnemonicToSeedSync(phrase, passphrase)
}

function refuse(code: SeedPhraseFailure['code'], expected: string, got: string) {
  const section = code === 'word_count' ? 'seed layout of Bookend' : 'BIP 39, Generating the mnemonic'
  return err({ code, expected, got, section })
}

/** All that a node is, from its words: what it signs with, on chain and off, and what its backups are sealed with. */
export interface SeedKeys {
  /** 32 bytes: every key of every channel. */
  readonly channelSeed: Uint8Array
  /** 32 bytes: the secret of the node id. */
  readonly nodeSecret: Uint8Array
  /** 64 bytes: where the on-chain wallet starts (BIP 84). */
  readonly walletSeed: Uint8Array
  /** 32 bytes: seals backups. */
  readonly backupKey: Uint8Array
  /** 32 bytes: seals what peers keep for us. */
  readonly storageKey: Uint8Array
}

/**
 * One key for each use, so that none tells of another. Seed layout, version 1:
 *
 *     HKDF-SHA256(ikm = BIP 39 seed, salt = "bookend/seed/v1", info = "channels" | "node" | "backup" | "peer-storage")
 *
 * The BIP 39 seed itself is where the on-chain wallet starts, so that other wallets find its coins by the words alone. Cost: 2048
 * rounds of HMAC-SHA512; keep the result.
 */
export function keysFromPhrase(phrase: SeedPhrase): SeedKeys {
  const walletSeed = bip39Seed(phrase)
  return {
    channelSeed: hkdfSha256(walletSeed, LAYOUT, CHANNELS, 32),
    nodeSecret: hkdfSha256(walletSeed, LAYOUT, NODE, 32),
    walletSeed,
    backupKey: hkdfSha256(walletSeed, LAYOUT, BACKUP, 32),
    storageKey: hkdfSha256(walletSeed, LAYOUT, PEER_STORAGE, 32),
  }
}
