import { assert, type Codec, encode } from '../base/index.ts'

/** Items one after the other, to the end of the bytes. Each takes at least one byte, so there are no more items than bytes. */
export function untilEnd<T>(item: Codec<T>): Codec<readonly T[]> {
  return {
    write(writer, values) {
      for (const value of values) item.write(writer, value)
    },
    read(reader) {
      const values: T[] = []
      while (reader.remaining > 0) values.push(item.read(reader))
      return values
    },
  }
}

/** A length in bytes, then a value that takes all of them. */
export function sized<T>(length: Codec<number>, codec: Codec<T>): Codec<T> {
  return {
    write(writer, value) {
      const bytes = encode(codec, value)
      length.write(writer, bytes.length)
      writer.bytes(bytes)
    },
    read(reader) {
      const part = reader.sub(length.read(reader))
      const value = codec.read(part)
      assert(part.remaining === 0, 'a value behind its length takes all the bytes')
      return value
    },
  }
}
