import { byteAt } from './bytes.ts'

/** Why bytes did not decode: a code to act on, and a sentence with the facts. */
export interface DecodeFailure {
  readonly code:
    | 'truncated'
    | 'trailing_bytes'
    | 'not_minimal'
    | 'out_of_range'
    | 'too_long'
    | 'not_increasing'
    | 'unknown_even_type'
    | 'retired_encoding'
    | 'invalid'
  readonly message: string
}

/** Travels inside `read` only: `decode` turns it into a failure value. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  readonly failure: DecodeFailure
  constructor(code: DecodeFailure['code'], message: string) {
    super(message)
    this.failure = { code, message }
  }
  /** The same failure, its message led by the name of the field it happened in. */
  static within(field: string, error: unknown): unknown {
    if (!(error instanceof DecodeError)) return error
    return new DecodeError(error.failure.code, `${field}: ${error.message}`)
  }
}

// Allocating is most of what a small encoding costs. So a writer that has finished leaves its buffer to the next one.
const NOTHING = new Uint8Array(0)
const LARGEST_SPARE = 1 << 16
let spare: Uint8Array = new Uint8Array(4096)

export class Writer {
  #buffer: Uint8Array
  #length = 0
  #isSeen = false
  constructor(capacity = 128) {
    const fits = spare.length >= capacity
    this.#buffer = fits ? spare : new Uint8Array(capacity)
    if (fits) spare = NOTHING
  }
  get length(): number {
    return this.#length
  }
  #reserve(count: number): number {
    const start = this.#length
    const needed = start + count
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#buffer.length))
      larger.set(this.#buffer.subarray(0, start))
      this.#buffer = larger
      this.#isSeen = false
    }
    this.#length = needed
    return start
  }
  bytes(bytes: Uint8Array): void {
    // The room is made first: it may replace the buffer.
    const start = this.#reserve(bytes.length)
    this.#buffer.set(bytes, start)
  }
  u8(value: number): void {
    const start = this.#reserve(1)
    this.#buffer[start] = value
  }
  /** `width` bytes of an unsigned integer below 2^53. */
  uint(value: number, width: number): void {
    const start = this.#reserve(width)
    const buffer = this.#buffer
    let rest = value
    // Bit operators are the fast way, and take 32 bits.
    for (let i = width - 1; i >= 0; i--) {
      if (width <= 4) {
        buffer[start + i] = rest & 0xff
        rest >>>= 8
      } else {
        buffer[start + i] = rest % 256
        rest = Math.floor(rest / 256)
      }
    }
  }
  uintLE(value: number, width: number): void {
    const start = this.#reserve(width)
    const buffer = this.#buffer
    let rest = value
    for (let i = 0; i < width; i++) {
      if (width <= 4) {
        buffer[start + i] = rest & 0xff
        rest >>>= 8
      } else {
        buffer[start + i] = rest % 256
        rest = Math.floor(rest / 256)
      }
    }
  }
  /** All that was written. Asked again, it is the same; what is written afterwards goes into another buffer. */
  finish(): Uint8Array {
    const bytes = this.#buffer.slice(0, this.#length)
    // Only a buffer that nobody else has seen is left to the next writer.
    const buffer = this.#buffer
    if (!this.#isSeen && buffer.length <= LARGEST_SPARE && buffer.length > spare.length) spare = buffer
    this.#buffer = bytes
    this.#isSeen = true
    return bytes
  }
}

export class Reader {
  readonly #buffer: Uint8Array
  #offset: number
  readonly #end: number
  constructor(buffer: Uint8Array, offset = 0, end = buffer.length) {
    this.#buffer = buffer
    this.#offset = offset
    this.#end = end
  }
  get remaining(): number {
    return this.#end - this.#offset
  }
  #take(count: number): number {
    // Every length is checked against the bytes that are there before anything is allocated for it.
    if (count > this.remaining) {
      throw new DecodeError('truncated', `expected ${count} more bytes, got ${this.remaining}`)
    }
    const start = this.#offset
    this.#offset += count
    return start
  }
  /** A copy, so that what was decoded does not hold on to the packet it came in. */
  bytes(count: number): Uint8Array {
    const start = this.#take(count)
    // Not `slice`: where the packet is a Buffer of Node, that is no copy.
    const copy = new Uint8Array(count)
    copy.set(this.#buffer.subarray(start, start + count))
    return copy
  }
  /** A reader over the next `count` bytes. */
  sub(count: number): Reader {
    const start = this.#take(count)
    return new Reader(this.#buffer, start, start + count)
  }
  u8(): number {
    return byteAt(this.#buffer, this.#take(1))
  }
  uint(width: number): number {
    const start = this.#take(width)
    let value = 0
    for (let i = 0; i < width; i++) value = value * 256 + byteAt(this.#buffer, start + i)
    return value
  }
  uintLE(width: number): number {
    const start = this.#take(width)
    let value = 0
    for (let i = width - 1; i >= 0; i--) value = value * 256 + byteAt(this.#buffer, start + i)
    return value
  }
}
