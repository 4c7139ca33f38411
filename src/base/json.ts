import type { DecodeFailure } from './binary.ts'
import { err, ok, type Result } from './result.ts'

// Records that people and later versions read: JSON in ASCII, where a bigint is a decimal string under a key that ends in its unit.

const UNITS = /(?:Sat|Msat)$/
const DECIMAL = /^(?:0|-?[1-9][0-9]{0,18})$/

/** A value as JSON, in ASCII. A bigint under a key that does not end in its unit would come back as a string: a bug. */
export function jsonEncode(value: unknown): Uint8Array {
  const text = JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? part.toString() : part))
  const ascii = NON_ASCII.test(text) ? text.replace(EACH_NON_ASCII, escaped) : text
  const bytes = new Uint8Array(ascii.length)
  for (let i = 0; i < ascii.length; i++) bytes[i] = ascii.charCodeAt(i)
  return bytes
}

/** What `jsonEncode` wrote. The shape is the caller's to know: these are our own records, never a stranger's. */
export function jsonDecode<T>(bytes: Uint8Array): Result<T, DecodeFailure> {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  try {
    // The caller names the type of the record that it wrote.
    return ok(JSON.parse(text, revived) as T)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return err({ code: 'invalid', message: `expected JSON, got something else: ${error.message}` })
  }
}

const NON_ASCII = /[^\x20-\x7e]/
const EACH_NON_ASCII = /[^\x20-\x7e]/g

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function revived(key: string, value: unknown): unknown {
  return typeof value === 'string' && UNITS.test(key) && DECIMAL.test(value) ? BigInt(value) : value
}
