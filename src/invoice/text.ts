import { bech32 } from '@scure/base'
import { refuse } from './failure.ts'
import { MAX_INVOICE_LENGTH } from './limits.ts'

const SECTION = 'BIP 173, Bech32'
const CHECKSUM_LENGTH = 6

/** The two parts of a bech32 text, in lower case, before its checksum is looked at. */
export interface TextParts {
  readonly prefix: string
  readonly data: string
}

/**
 * Cuts a text at its separator, so that a wrong prefix can be told from a slip of the pen. Only what bech32 allows comes
 * through: ASCII, one case, an alphabet of 32 (BIP 173).
 */
export function splitText(text: string): TextParts {
  if (text.length > MAX_INVOICE_LENGTH)
    refuse('too_long', `at most ${MAX_INVOICE_LENGTH} characters`, `${text.length}`, 'Encoding Overview')
  // Before any change of case: the Kelvin sign becomes a plain k in lower case.
  checkCharacters(text, /[^\x21-\x7e]/u, 0, 'letters and digits without spaces or signs')
  const lower = text.toLowerCase()
  if (text !== lower && text !== text.toUpperCase())
    refuse('mixed_case', 'all letters in lower case, or all in upper case', 'both', SECTION)
  const separator = lower.lastIndexOf('1')
  if (separator < 1) refuse('no_separator', 'a prefix, a 1 and the data', 'a text without such a 1', SECTION)
  const data = lower.slice(separator + 1)
  checkCharacters(data, /[^qpzry9x8gf2tvdw0s3jn54khce6mua7l]/u, separator + 1, 'one of the 32 characters of bech32')
  return { prefix: lower.slice(0, separator), data }
}

/** The words of the data (one to a byte), less the checksum, which has to fit. */
export function checkedWords({ prefix, data }: TextParts): Uint8Array {
  if (data.length < CHECKSUM_LENGTH)
    refuse('too_short', `a checksum of ${CHECKSUM_LENGTH} characters`, `${data.length}`, SECTION)
  const decoded = bech32.decodeUnsafe(`${prefix}1${data}`, MAX_INVOICE_LENGTH)
  if (decoded === undefined)
    refuse('bad_checksum', 'a checksum that fits', 'a text with a character changed, lost or added', SECTION)
  return Uint8Array.from(decoded.words)
}

/** The text in lower case, as it is signed. */
export function joinText(prefix: string, words: Uint8Array): string {
  return bech32.encode(prefix, words, MAX_INVOICE_LENGTH)
}

function checkCharacters(text: string, wrong: RegExp, start: number, expected: string): void {
  const found = wrong.exec(text)
  if (found === null) return
  // As a code point, because the character may be invisible.
  const code = found[0].codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')
  refuse('bad_character', expected, `U+${code} as character ${start + found.index + 1}`, SECTION)
}
