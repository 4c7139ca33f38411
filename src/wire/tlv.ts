import { assert, type Codec, DecodeError, decodeWithin, encode, type ValueOf } from '../base/index.ts'
import { bigSize, bigSizeNumber } from './bigsize.ts'

// `Codec<any>` is the only way to say "a codec of something" in a position that both reads and writes.
// biome-ignore lint/suspicious/noExplicitAny: see above
type AnyCodec = Codec<any>

/** The records that a stream knows: the name of the field, its type number, the codec of its value. */
export type TlvRecords = { readonly [name: string]: readonly [type: bigint, codec: AnyCodec] }

/** The fields of a stream: a record that is not there is left out. */
export type TlvFields<T extends TlvRecords> = { readonly [K in keyof T]?: ValueOf<T[K][1]> }

/**
 * A TLV stream that takes all the bytes that are left (BOLT 1, type-length-value format). Unknown odd records are
 * skipped; an unknown even record, types that do not increase strictly, or a value whose length is not the one that
 * its codec asks for, fail.
 */
export function tlvStream<T extends TlvRecords>(records: T): Codec<TlvFields<T>> {
  const known = Object.entries(records).map(([name, [type, codec]]) => ({ name, type, codec: codec as Codec<unknown> }))
  known.sort((a, b) => (a.type < b.type ? -1 : 1))
  const byType = new Map(known.map(record => [record.type, record]))
  assert(byType.size === known.length, 'a TLV type is defined twice')
  return {
    write(writer, fields) {
      for (const { name, type, codec } of known) {
        const value: unknown = fields[name]
        if (value === undefined) continue
        const bytes = encode(codec, value)
        bigSize.write(writer, type)
        bigSizeNumber.write(writer, bytes.length)
        writer.bytes(bytes)
      }
    },
    read(reader) {
      const fields: Record<string, unknown> = {}
      let previous = -1n
      while (reader.remaining > 0) {
        const type = bigSize.read(reader)
        if (type <= previous) throw notIncreasing(previous, type)
        previous = type
        const record = byType.get(type)
        if (record === undefined && type % 2n === 0n) throw unknownEven(type)
        const value = reader.sub(bigSizeNumber.read(reader))
        if (record !== undefined) fields[record.name] = decodeWithin(record.codec, value, record.name)
      }
      // Each name was filled by the codec that the definition pairs with it.
      return fields as TlvFields<T>
    },
  }
}

/** A body followed by a TLV stream, the fields of both side by side in one object. */
export function extended<A extends object, T extends TlvRecords>(
  body: Codec<A>,
  records: T,
): Codec<Omit<A, keyof T> & TlvFields<T>> {
  const stream = tlvStream(records)
  return {
    write(writer, value) {
      // `Omit` keeps the names apart in the type; the value holds all the fields of the body.
      body.write(writer, value as unknown as A)
      stream.write(writer, value)
    },
    read: reader => ({ ...body.read(reader), ...stream.read(reader) }),
  }
}

function notIncreasing(previous: bigint, type: bigint): DecodeError {
  return new DecodeError(
    'not_increasing',
    `expected a TLV type above ${previous}, got ${type} (BOLT 1, type-length-value format)`,
  )
}

function unknownEven(type: bigint): DecodeError {
  return new DecodeError(
    'unknown_even_type',
    `expected a known or odd TLV type, got ${type} (BOLT 1, type-length-value format)`,
  )
}
