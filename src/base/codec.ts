import { assert } from './assert.ts'
import { DecodeError, type DecodeFailure, Reader, Writer } from './binary.ts'
import { err, ok, type Result } from './result.ts'

/** Reads and writes one shape of value, from one definition. Integers are big-endian unless their name says otherwise. */
export interface Codec<T> {
  write(writer: Writer, value: T): void
  read(reader: Reader): T
}

export type ValueOf<C> = C extends Codec<infer T> ? T : never

export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = new Writer()
  codec.write(writer, value)
  return writer.finish()
}

/** Decodes all of `bytes`; anything left over is a failure. Never throws for bad bytes. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): Result<T, DecodeFailure> {
  try {
    return ok(readAll(codec, new Reader(bytes)))
  } catch (error) {
    if (error instanceof DecodeError) return err(error.failure)
    throw error
  }
}

/** Reads a value that takes all that is left of `reader`, inside `read` of a codec around it; `field` names it in a failure. */
export function decodeWithin<T>(codec: Codec<T>, reader: Reader, field: string): T {
  try {
    return readAll(codec, reader)
  } catch (error) {
    throw DecodeError.within(field, error)
  }
}

function readAll<T>(codec: Codec<T>, reader: Reader): T {
  const value = codec.read(reader)
  if (reader.remaining > 0) {
    throw new DecodeError('trailing_bytes', `${reader.remaining} bytes are left over after the value`)
  }
  return value
}

function uintCodec(width: number): Codec<number> {
  const bound = 256 ** width
  return {
    write(writer, value) {
      assert(Number.isInteger(value) && value >= 0 && value < bound, () => `${value} does not fit in ${width} bytes`)
      writer.uint(value, width)
    },
    read: reader => reader.uint(width),
  }
}

export const u8: Codec<number> = uintCodec(1)
export const u16: Codec<number> = uintCodec(2)
export const u32: Codec<number> = uintCodec(4)

export const u64: Codec<bigint> = {
  write(writer, value) {
    assert(value >= 0n && value < 1n << 64n, () => `${value} does not fit in 8 bytes`)
    writer.uint(Number(value >> 32n), 4)
    writer.uint(Number(value & 0xffffffffn), 4)
  },
  read: reader => (BigInt(reader.uint(4)) << 32n) | BigInt(reader.uint(4)),
}

/** An integer of 8 bytes that the program holds as a number: below 2^53. */
export const u64Number: Codec<number> = {
  write(writer, value) {
    assert(Number.isSafeInteger(value) && value >= 0, () => `${value} is not a safe integer`)
    writer.uint(Math.floor(value / 2 ** 32), 4)
    writer.uint(value % 2 ** 32, 4)
  },
  read(reader) {
    const high = reader.uint(4)
    if (high >= 2 ** 21) throw new DecodeError('out_of_range', 'expected an integer below 2^53')
    return high * 2 ** 32 + reader.uint(4)
  },
}

/** Exactly `length` bytes. */
export function fixedBytes(length: number): Codec<Uint8Array> {
  return {
    write(writer, value) {
      assert(value.length === length, () => `expected ${length} bytes, got ${value.length}`)
      writer.bytes(value)
    },
    read: reader => reader.bytes(length),
  }
}

/** A length, then that many bytes. */
export function lengthPrefixed(length: Codec<number>): Codec<Uint8Array> {
  return {
    write(writer, value) {
      length.write(writer, value.length)
      writer.bytes(value)
    },
    read: reader => reader.bytes(length.read(reader)),
  }
}

/** All that is left. */
export const remainder: Codec<Uint8Array> = {
  write: (writer, value) => writer.bytes(value),
  read: reader => reader.bytes(reader.remaining),
}

export const bool: Codec<boolean> = {
  write: (writer, value) => writer.u8(value ? 1 : 0),
  read(reader) {
    const byte = reader.u8()
    if (byte > 1) throw new DecodeError('invalid', `expected 0 or 1 for a boolean, got ${byte}`)
    return byte === 1
  },
}

/** A count, then that many items. */
export function array<T>(count: Codec<number>, item: Codec<T>): Codec<readonly T[]> {
  return {
    write(writer, values) {
      count.write(writer, values.length)
      for (const value of values) item.write(writer, value)
    },
    read(reader) {
      const length = count.read(reader)
      const values: T[] = []
      // An item takes at least one byte in every shape we have, so a huge count ends at the end of the bytes.
      for (let i = 0; i < length; i++) {
        if (reader.remaining === 0) throw new DecodeError('truncated', `expected ${length} items, got ${i}`)
        values.push(item.read(reader))
      }
      return values
    },
  }
}

/** One byte that says whether a value follows, then the value. */
export function optional<T>(item: Codec<T>): Codec<T | undefined> {
  return {
    write(writer, value) {
      bool.write(writer, value !== undefined)
      if (value !== undefined) item.write(writer, value)
    },
    read: reader => (bool.read(reader) ? item.read(reader) : undefined),
  }
}

/** The same bytes seen as another type. `from` may throw a `DecodeError`. */
export function mapped<A, B>(codec: Codec<A>, from: (value: A) => B, to: (value: B) => A): Codec<B> {
  return {
    write: (writer, value) => codec.write(writer, to(value)),
    read: reader => from(codec.read(reader)),
  }
}

// `Codec<any>` is the only way to say "a codec of something" in a position that both reads and writes.
// biome-ignore lint/suspicious/noExplicitAny: see above
type AnyFields = { readonly [name: string]: Codec<any> }
type StructOf<F extends AnyFields> = {
  readonly [K in keyof F as undefined extends ValueOf<F[K]> ? never : K]: ValueOf<F[K]>
} & {
  readonly [K in keyof F as undefined extends ValueOf<F[K]> ? K : never]?: Exclude<ValueOf<F[K]>, undefined>
}
type Flat<T> = { [K in keyof T]: T[K] }

/** Fields one after the other, in the order in which they are named. A field that may be undefined is left out of the object then. */
export function struct<F extends AnyFields>(fields: F): Codec<Flat<StructOf<F>>> {
  const entries = Object.entries(fields)
  return {
    write(writer, value) {
      for (const [name, codec] of entries) codec.write(writer, (value as Record<string, unknown>)[name])
    },
    read(reader) {
      const value: Record<string, unknown> = {}
      for (const [name, codec] of entries) {
        const field = readField(name, codec, reader)
        if (field !== undefined) value[name] = field
      }
      // Each name was filled by the codec that the definition pairs with it.
      return value as Flat<StructOf<F>>
    },
  }
}

function readField(name: string, codec: Codec<unknown>, reader: Reader): unknown {
  try {
    return codec.read(reader)
  } catch (error) {
    throw DecodeError.within(name, error)
  }
}

/** One byte of tag, then the shape that it names. Tags are the numbers of the persisted form: never reuse one. */
export function taggedUnion<T extends { readonly type: string }>(
  cases: { readonly [K in T['type']]: readonly [tag: number, codec: Codec<Omit<Extract<T, { type: K }>, 'type'>>] },
): Codec<T> {
  const byTag = new Map<number, readonly [type: string, codec: Codec<unknown>]>()
  for (const [type, entry] of Object.entries(cases) as [string, readonly [number, Codec<unknown>]][]) {
    assert(!byTag.has(entry[0]), () => `tag ${entry[0]} is used twice`)
    byTag.set(entry[0], [type, entry[1]])
  }
  return {
    write(writer, value) {
      const [tag, codec] = cases[value.type as T['type']]
      writer.u8(tag)
      // The table pairs each type with the codec of its own shape.
      ;(codec as Codec<unknown>).write(writer, value)
    },
    read(reader) {
      const tag = reader.u8()
      const found = byTag.get(tag)
      if (found === undefined) throw new DecodeError('invalid', `unknown tag ${tag}`)
      return { type: found[0], ...(found[1].read(reader) as object) } as unknown as T
    },
  }
}

/** One of a few names, as its place in the list in one byte: append to such a list, never reorder it. */
export function oneOf<T extends string>(...names: readonly T[]): Codec<T> {
  return {
    write(writer, value) {
      const index = names.indexOf(value)
      assert(index >= 0, () => `${value} is none of ${names.join(', ')}`)
      writer.u8(index)
    },
    read(reader) {
      const index = reader.u8()
      const name = names[index]
      if (name === undefined) throw new DecodeError('invalid', `expected a number below ${names.length}, got ${index}`)
      return name
    },
  }
}
