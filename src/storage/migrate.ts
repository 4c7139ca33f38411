import type { DatabaseSync } from 'node:sqlite'
import type { Migration } from './migrations.ts'
import { StorageError } from './storageError.ts'

/** In the header of each store of ours, so that no other database is taken for one: "bknd". */
const APPLICATION_ID = 0x626b6e64

interface Applied {
  readonly number: number
  readonly name: string
  readonly checksum: string
}

/** Refuses a database that is not ours before anything in it changes. An empty one becomes ours. */
export function checkIdentity(db: DatabaseSync, file: string): void {
  const id = db.prepare('PRAGMA application_id').get()?.application_id
  const tables = db.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.count
  if (id === APPLICATION_ID || (id === 0 && tables === 0)) return
  throw new StorageError('not_a_store', `${file} is a database of another program: expected a store of Bookend.`)
}

/** Brings the schema to the last of `migrations`, all or nothing, or refuses what this program does not know. */
export function migrate(db: DatabaseSync, file: string, migrations: readonly Migration[]): void {
  db.exec('BEGIN IMMEDIATE')
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
  db.exec(
    'CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT',
  )
  const applied = db.prepare('SELECT number, name, checksum FROM migration ORDER BY number').all()
  // The columns are what the statement above made them.
  checkApplied(applied as unknown as readonly Applied[], file, migrations)
  const record = db.prepare('INSERT INTO migration (number, name, checksum) VALUES (?, ?, ?)')
  for (const { number, name, sql, checksum } of migrations.slice(applied.length)) {
    db.exec(sql)
    record.run(number, name, checksum)
  }
  db.exec('COMMIT')
}

function checkApplied(applied: readonly Applied[], file: string, migrations: readonly Migration[]): void {
  const last = applied.at(-1)
  if (last !== undefined && last.number > migrations.length) {
    throw new StorageError(
      'newer_schema',
      `${file} has schema ${last.number} (${last.name}), and this version of Bookend knows schemas up to ${migrations.length}: ` +
        'start it with the version that made it, or a later one.',
    )
  }
  for (const [index, { number, name, checksum }] of applied.entries()) {
    const known = migrations[index]
    if (known !== undefined && known.number === number && known.checksum === checksum) continue
    throw new StorageError(
      'altered_migration',
      `${file} was made by a migration ${number} (${name}) with checksum ${checksum}: ` +
        `expected number ${known?.number} (${known?.name}) with ${known?.checksum}. ` +
        'It may come from a version of Bookend that was never released.',
    )
  }
}
