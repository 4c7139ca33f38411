import {
  type Codec,
  concat,
  DecodeError,
  decode,
  encode,
  err,
  ok,
  Reader,
  type Result,
  type ValueOf,
} from '../base/index.ts'
import { bigSize, bigSizeNumber, type TlvFields, type TlvRecords } from '../wire/index.ts'

// TLV streams as onions carry them. The reader of an onion has to say which record was wrong and where
// (`invalid_onion_payload`), and to pass on to the application what the protocol does not know.

/** A record that the protocol does not know, with the bytes of its value. */
export interface TlvRecord {
  readonly type: bigint
  readonly value: Uint8Array
}

/** The record that was wrong, and where it starts in the stream; type 0 where not even the type could be read. */
export interface RecordFailure {
  readonly type: bigint
  readonly offset: number
  readonly message: string
}

export interface ReadRecords<T extends TlvRecords> {
  readonly fields: TlvFields<T>
  /** Of odd type, in the order of the stream. */
  readonly unknown: readonly TlvRecord[]
  /** Where each record starts, known ones and unknown ones. */
  readonly places: readonly { readonly type: bigint; readonly offset: number }[]
}

/** The fields of a stream to write: one that is undefined is left out. */
export type FieldsToWrite<T extends TlvRecords> = { readonly [K in keyof T]?: ValueOf<T[K][1]> | undefined }

interface PlacedRecord extends TlvRecord {
  readonly offset: number
}

/**
 * Reads a whole stream (BOLT 1, type-length-value format): unknown odd records are kept, an unknown even one fails, as do
 * types that do not increase strictly and values that are not what their type asks for.
 */
export function readRecords<T extends TlvRecords>(table: T, bytes: Uint8Array): Result<ReadRecords<T>, RecordFailure> {
  const split = splitRecords(bytes)
  if (!split.ok) return split
  const byType = new Map(Object.entries(table).map(([name, [type, codec]]) => [type, { name, codec }]))
  const fields: Record<string, unknown> = {}
  const unknown: TlvRecord[] = []
  for (const { type, offset, value } of split.value) {
    const known = byType.get(type)
    if (known !== undefined) {
      const field = decode(known.codec as Codec<unknown>, value)
      if (!field.ok) return err({ type, offset, message: `${known.name}: ${field.error.message}` })
      fields[known.name] = field.value
    } else if (type % 2n === 0n) {
      return err({ type, offset, message: `expected a known or odd TLV type, got ${type}` })
    } else {
      unknown.push({ type, value })
    }
  }
  const places = split.value.map(({ type, offset }) => ({ type, offset }))
  // Each name was filled by the codec that the table pairs with it.
  return ok({ fields: fields as TlvFields<T>, unknown, places })
}

/** The stream of these fields and records, in the order of their types. */
export function writeRecords<T extends TlvRecords>(
  table: T,
  fields: FieldsToWrite<T>,
  unknown: readonly TlvRecord[] = [],
): Uint8Array {
  const records: TlvRecord[] = [...unknown]
  for (const [name, [type, codec]] of Object.entries(table)) {
    const value: unknown = fields[name]
    if (value !== undefined) records.push({ type, value: encode(codec as Codec<unknown>, value) })
  }
  return joinRecords(records)
}

/** The stream of these records, in the order of their types. */
export function joinRecords(records: readonly TlvRecord[]): Uint8Array {
  const sorted = records.toSorted((a, b) => (a.type < b.type ? -1 : 1))
  return concat(
    ...sorted.flatMap(({ type, value }) => [encode(bigSize, type), encode(bigSizeNumber, value.length), value]),
  )
}

/** The records of a stream without a look at their values. */
export function splitRecords(bytes: Uint8Array): Result<readonly PlacedRecord[], RecordFailure> {
  const reader = new Reader(bytes)
  const records: PlacedRecord[] = []
  let previous = -1n
  while (reader.remaining > 0) {
    const offset = bytes.length - reader.remaining
    let type = 0n
    try {
      type = bigSize.read(reader)
      if (type <= previous)
        throw new DecodeError('not_increasing', `expected a TLV type above ${previous}, got ${type}`)
      records.push({ type, offset, value: reader.bytes(bigSizeNumber.read(reader)) })
    } catch (error) {
      if (error instanceof DecodeError) return err({ type, offset, message: error.message })
      throw error
    }
    previous = type
  }
  return ok(records)
}
