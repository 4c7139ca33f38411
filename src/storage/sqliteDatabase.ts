import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Page } from '../ports/index.ts'
import { checkIdentity, migrate } from './migrate.ts'
import type { Migration } from './migrations.ts'
import { type PackedWrites, unpackWrites, WritePacker } from './packedWrites.ts'
import { createPrivateFile, syncDirectory } from './privateFiles.ts'
import { StorageError } from './storageError.ts'

/** The file of a store, opened by the one thread that may touch it. Whatever throws here ends the store. */
export interface SqliteDatabase {
  /** Every record whose key begins with `prefix`, or a page of them, as a put of it. */
  load(prefix: string, page?: Page): PackedWrites
  /** Does all of the writes in one transaction, which is durable when this returns. */
  write(writes: PackedWrites): void
  /** Moves what has been written from the log to its place, when there is enough of it. */
  tidy(): void
  close(): void
}

/** Records and bytes in the log after which they are moved. The log takes about a page of 4 KiB for each record. */
const LOG_RECORDS = 1000
const LOG_BYTES = 4 * 2 ** 20

const SQLITE_BUSY = 5
const SQLITE_NOTADB = 26

/** Opens or makes a store, and brings its schema up to date. Throws a `StorageError` where that must not be. */
export function openSqliteDatabase(file: string, migrations: readonly Migration[]): SqliteDatabase {
  createPrivateFile(file)
  const db = new DatabaseSync(file)
  try {
    configure(db, file)
    migrate(db, file, migrations)
    // The log was made just now. SQLite syncs its name too, but goes on when that fails.
    syncDirectory(dirname(file))
  } catch (error) {
    db.close()
    throw openingError(error, file)
  }
  return databaseOf(db)
}

function configure(db: DatabaseSync, file: string): void {
  // Nobody else opens the file while we have it, so the index of the log stays in our memory.
  db.exec('PRAGMA locking_mode = EXCLUSIVE')
  checkIdentity(db, file)
  // Each commit is one append to the log and one sync of it (FULL). NORMAL would sync at checkpoints only.
  // To its end, which is where it commits: `get` stops at the first row, and keeps to itself what fails after it.
  const mode = db.prepare('PRAGMA journal_mode = WAL').all()[0]?.journal_mode
  if (mode !== 'wal') throw new StorageError('store_failed', `${file} takes no write-ahead log: it has ${mode}.`)
  db.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON')
  // SQLite's own checkpoints run inside a commit and keep their errors to themselves: `tidy` does neither.
  db.exec('PRAGMA wal_autocheckpoint = 0')
}

// U+007F is above every printable character of ASCII, so it is the end of the keys with a prefix, and of all keys.
const END_OF_KEYS = '\u007f'
const SELECT = 'SELECT key, value FROM record WHERE key >= ?1 AND key < ?1 || char(127) AND key > ?2 AND key < ?3'
/** SQLite's word for no limit. */
const ALL = -1

function databaseOf(db: DatabaseSync): SqliteDatabase {
  const statements = {
    forwards: db.prepare(`${SELECT} ORDER BY key LIMIT ?4`),
    backwards: db.prepare(`${SELECT} ORDER BY key DESC LIMIT ?4`),
    put: db.prepare(
      'INSERT INTO record (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    ),
    delete: db.prepare('DELETE FROM record WHERE key = ?'),
  }
  let logRecords = 0
  let logBytes = 0
  return {
    load(prefix, page) {
      const { after = '', before = END_OF_KEYS, limit = ALL, backwards = false } = page ?? {}
      const statement = backwards ? statements.backwards : statements.forwards
      const packer = new WritePacker()
      // The columns are those of the statement, and the table is strict.
      for (const row of statement.iterate(prefix, after, before, limit))
        packer.add([{ type: 'put', key: row.key as string, value: row.value as Uint8Array }])
      return packer.finish()
    },
    write(writes) {
      db.exec('BEGIN IMMEDIATE')
      for (const write of unpackWrites(writes)) {
        if (write.type === 'put') statements.put.run(write.key, write.value)
        else statements.delete.run(write.key)
      }
      db.exec('COMMIT')
      logRecords += writes.keys.length
      logBytes += writes.bytes.length
    },
    tidy() {
      if (logRecords < LOG_RECORDS && logBytes < LOG_BYTES) return
      db.exec('PRAGMA wal_checkpoint(PASSIVE)')
      logRecords = 0
      logBytes = 0
    },
    close: () => db.close(),
  }
}

function openingError(error: unknown, file: string): unknown {
  if (!(error instanceof Error) || !('errcode' in error)) return error
  // The low byte of SQLite's code; the others say more about it.
  const code = Number(error.errcode) & 0xff
  if (code === SQLITE_BUSY)
    return new StorageError('store_in_use', `${file} is open already, in another process or in this one.`)
  if (code === SQLITE_NOTADB)
    return new StorageError('not_a_store', `${file} is no database: expected a store of Bookend.`)
  return error
}
