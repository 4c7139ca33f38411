import { defined } from './assert.ts'
import { concat } from './bytes.ts'

/** UTF-8 text, written out because the pure floors have no TextEncoder. Half a surrogate pair becomes U+FFFD. */
export function utf8Encode(text: string): Uint8Array {
  const parts: Uint8Array[] = []
  for (const char of text) {
    const point = defined(char.codePointAt(0), 'a character has a code point')
    const code = point >= 0xd800 && point < 0xe000 ? 0xfffd : point
    if (code < 0x80) parts.push(Uint8Array.of(code))
    else if (code < 0x800) parts.push(Uint8Array.of(0xc0 | (code >> 6), 0x80 | (code & 63)))
    else if (code < 0x10000)
      parts.push(Uint8Array.of(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)))
    else
      parts.push(
        Uint8Array.of(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)),
      )
  }
  return concat(...parts)
}
