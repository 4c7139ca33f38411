import { toHex, utf8Encode } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'

/** One step of the schema, for ever as it is: what a store was made of is found out by its checksum. */
export interface Migration {
  /** Counted from 1. */
  readonly number: number
  readonly name: string
  readonly sql: string
  /** SHA-256 of the SQL, in hexadecimal. */
  readonly checksum: string
}

/** The schema of a store, in the order of its making. Append to this list; never change what has been released. */
export const MIGRATIONS: readonly Migration[] = numbered([
  {
    name: 'records',
    // One tree, ordered by the bytes of the key: a prefix is a range of it.
    sql: 'CREATE TABLE record (key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID',
  },
])

export function numbered(steps: readonly Pick<Migration, 'name' | 'sql'>[]): readonly Migration[] {
  return steps.map((step, index) => ({ ...step, number: index + 1, checksum: toHex(sha256(utf8Encode(step.sql))) }))
}
