import type { DecodeFailure } from './binary.ts'
import { byteAt } from './bytes.ts'
import { err, ok, type Result } from './result.ts'

// Records that people and later versions read: JSON in ASCII, where a bigint is a decimal string under a key that ends in its unit.

const UNITS = /(?:Sat|Msat)$/
const DECIMAL = /^(?:0|-?[1-9][0-9]{0,18})$/

/**
 * A value as JSON, in ASCII: what `JSON.stringify` makes of it, and a bigint as a string of its digits. A bigint under a key that
 * does not end in its unit would come back as a string: a bug.
 */
export function jsonEncode(value: unknown): Uint8Array {
  const end = writeValue(value, 0)
  const bytes = buffer.slice(0, end)
  if (buffer.length > LARGEST_KEPT) buffer = new Uint8Array(FIRST_BYTES)
  return bytes
}

/** What `jsonEncode` wrote. The shape is the caller's to know: these are our own records, never a stranger's. */
export function jsonDecode<T>(bytes: Uint8Array): Result<T, DecodeFailure> {
  try {
    const value: unknown = JSON.parse(textOf(bytes))
    if (typeof value === 'object' && value !== null) reviveIn(value)
    // The caller names the type of the record that it wrote.
    return ok(value as T)
  } catch (error) {
    // What is nested too deep for the reader of JSON is a RangeError.
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error
    return err({ code: 'invalid', message: `expected JSON, got something else: ${error.message}` })
  }
}

// Some records are written for each payment, so this goes over a value once, straight into bytes. Allocating is most of what is left:
// the buffer stays for the next value. Each function says where what it wrote ends.
const FIRST_BYTES = 4096
const LARGEST_KEPT = 1 << 16
let buffer = new Uint8Array(FIRST_BYTES)

function writeValue(value: unknown, at: number): number {
  switch (typeof value) {
    case 'string':
      return writeString(value, at)
    case 'bigint':
      return writeString(value.toString(), at)
    case 'object':
      if (value === null) return writeRaw('null', at)
      return Array.isArray(value) ? writeArray(value, at) : writeObject(value, at)
    default:
      // What JSON has no word for is null, as in an array.
      return writeRaw(JSON.stringify(value) ?? 'null', at)
  }
}

function writeArray(items: readonly unknown[], start: number): number {
  let at = writeRaw('[', start)
  for (let i = 0; i < items.length; i++) at = writeValue(items[i], i > 0 ? writeRaw(',', at) : at)
  return writeRaw(']', at)
}

function writeObject(fields: object, start: number): number {
  let at = start
  let before = '{'
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue
    at = writeString(key, writeRaw(before, at))
    at = writeValue(value, writeRaw(':', at))
    before = ','
  }
  return writeRaw(before === '{' ? '{}' : '}', at)
}

/** That nothing in a string is to be escaped, as is so with nearly all, is found out while it is written. */
function writeString(text: string, at: number): number {
  const end = at + text.length + 1
  reserve(end + 1)
  const bytes = buffer
  bytes[at] = QUOTE
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) {
      return writeRaw(JSON.stringify(text).replace(EACH_NON_ASCII, escaped), at)
    }
    bytes[at + 1 + i] = code
  }
  bytes[end] = QUOTE
  return end + 1
}

/** ASCII. */
function writeRaw(text: string, at: number): number {
  const end = at + text.length
  reserve(end)
  const bytes = buffer
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i)
  return end
}

function reserve(end: number): void {
  if (end <= buffer.length) return
  const larger = new Uint8Array(Math.max(end, 2 * buffer.length))
  larger.set(buffer)
  buffer = larger
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const EACH_NON_ASCII = /[^\x20-\x7e]/g

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** In pieces of as many as a call takes as arguments without a thought of the stack. */
function textOf(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += CHARACTERS_AT_ONCE) {
    const codes: number[] = []
    const end = Math.min(at + CHARACTERS_AT_ONCE, bytes.length)
    for (let i = at; i < end; i++) codes.push(byteAt(bytes, i))
    text += String.fromCharCode(...codes)
  }
  return text
}

const CHARACTERS_AT_ONCE = 1024

/** Amounts within what was just read, each in its place: a callback for `JSON.parse` takes several times as long. */
function reviveIn(value: object): void {
  // What JSON.parse gives is an object with fields, or an array, whose fields are its indexes.
  const fields = value as Record<string, unknown>
  for (const key of Object.keys(fields)) {
    const field = fields[key]
    if (typeof field === 'object') {
      if (field !== null) reviveIn(field)
    } else if (typeof field === 'string' && UNITS.test(key) && DECIMAL.test(field)) fields[key] = BigInt(field)
  }
}
