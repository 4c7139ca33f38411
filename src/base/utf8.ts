import { defined } from './assert.ts'
import { DecodeError, Writer } from './binary.ts'
import { byteAt, bytesEqual } from './bytes.ts'
import { type Codec, lengthPrefixed, mapped } from './codec.ts'

/** UTF-8 text, written out because the pure floors have no TextEncoder. Half a surrogate pair becomes U+FFFD. */
export function utf8Encode(text: string): Uint8Array {
  const writer = new Writer(text.length)
  for (const char of text) {
    const point = defined(char.codePointAt(0), 'a character has a code point')
    const code = point >= 0xd800 && point < 0xe000 ? 0xfffd : point
    if (code < 0x80) writer.u8(code)
    else if (code < 0x800) {
      writer.u8(0xc0 | (code >> 6))
      writer.u8(0x80 | (code & 63))
    } else {
      if (code < 0x10000) writer.u8(0xe0 | (code >> 12))
      else {
        writer.u8(0xf0 | (code >> 18))
        writer.u8(0x80 | ((code >> 12) & 63))
      }
      writer.u8(0x80 | ((code >> 6) & 63))
      writer.u8(0x80 | (code & 63))
    }
  }
  return writer.finish()
}

/** Text as UTF-8 behind its length in bytes. Bytes that are not what `utf8Encode` writes do not decode. */
export function utf8(length: Codec<number>): Codec<string> {
  return mapped(lengthPrefixed(length), utf8Decode, utf8Encode)
}

function utf8Decode(bytes: Uint8Array): string {
  let text = ''
  let offset = 0
  while (offset < bytes.length) {
    const first = byteAt(bytes, offset)
    const extra = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3
    if (offset + extra >= bytes.length) throw new DecodeError('truncated', 'expected UTF-8, got half a character')
    let code = extra === 0 ? first : first & (0x3f >> extra)
    for (let i = 1; i <= extra; i++) code = (code << 6) | (byteAt(bytes, offset + i) & 0x3f)
    if (code > 0x10ffff) throw new DecodeError('invalid', 'expected UTF-8, got a number that is no character')
    text += String.fromCodePoint(code)
    offset += extra + 1
  }
  // One comparison refuses every other form: overlong, surrogate, or with stray continuation bytes.
  if (!bytesEqual(utf8Encode(text), bytes)) throw new DecodeError('invalid', 'expected UTF-8, got other bytes')
  return text
}
