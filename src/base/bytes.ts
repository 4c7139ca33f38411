import { assert } from './assert.ts'
import { err, ok, type Result } from './result.ts'

const DIGITS: readonly number[] = Array.from('0123456789abcdef', digit => digit.charCodeAt(0))
/** As many as a call takes as arguments without a thought of the stack. */
const BYTES_AT_ONCE = 2048

// By character code: hexadecimal text is read for every key and hash, so this is warm code.
const DIGIT_VALUES: readonly (number | undefined)[] = Array.from({ length: 128 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16)
  return Number.isNaN(value) ? undefined : value
})

/** In one piece: a text that is put together byte by byte keeps all of its pieces, ten times the memory. */
export function toHex(bytes: Uint8Array): string {
  if (bytes.length > BYTES_AT_ONCE) {
    return toHex(bytes.subarray(0, BYTES_AT_ONCE)) + toHex(bytes.subarray(BYTES_AT_ONCE))
  }
  const codes: number[] = []
  for (let i = 0; i < bytes.length; i++) {
    const byte = byteAt(bytes, i)
    codes.push(digitAt(byte >> 4), digitAt(byte & 15))
  }
  return String.fromCharCode(...codes)
}

function digitAt(value: number): number {
  // A table of sixteen, and a value of four bits.
  return DIGITS[value] as number
}

/** Bytes of hexadecimal text that the program itself holds; malformed text is a bug. For outside text: `parseHex`. */
export function fromHex(text: string): Uint8Array {
  const parsed = parseHex(text)
  assert(parsed.ok, () => `not hexadecimal: ${text}`)
  return parsed.value
}

export function parseHex(text: string): Result<Uint8Array, 'not_hex'> {
  if (text.length % 2 !== 0) return err('not_hex')
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) {
    const high = DIGIT_VALUES[text.charCodeAt(2 * i)]
    const low = DIGIT_VALUES[text.charCodeAt(2 * i + 1)]
    if (high === undefined || low === undefined) return err('not_hex')
    bytes[i] = high * 16 + low
  }
  return ok(bytes)
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    bytes.set(part, offset)
    offset += part.length
  }
  return bytes
}

/** The byte at an index that the surrounding code keeps inside the bytes. */
export function byteAt(bytes: Uint8Array, index: number): number {
  // A typed array has a number at each index below its length.
  return bytes[index] as number
}

/** Not constant time: for public bytes. Secrets are compared by `constantTimeEqual` of the crypto room. */
export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Lexicographic order, shorter first where one is a prefix of the other. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = byteAt(a, i) - byteAt(b, i)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

export function reverseBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes).reverse()
}
