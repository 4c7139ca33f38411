import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { sqliteStore } from '../../src/storage/index.ts'
import { MIGRATIONS, type Migration, numbered } from '../../src/storage/migrations.ts'
import { unpackWrites, WritePacker } from '../../src/storage/packedWrites.ts'
import { openSqliteDatabase } from '../../src/storage/sqliteDatabase.ts'
import { temporaryDirectories } from './temporary.ts'

const directory = temporaryDirectories()
const newFile = () => join(directory(), 'store')

const FIRST = MIGRATIONS[0] as Migration // the list is not empty
const later = (sql: string) => numbered([FIRST, { name: 'later', sql }])
const NEWER = later('ALTER TABLE record ADD COLUMN note TEXT')

function open(file: string, migrations = MIGRATIONS): void {
  openSqliteDatabase(file, migrations).close()
}

/** Looks into a store that nobody has open. */
function query(file: string, sql: string): readonly unknown[] {
  const db = new DatabaseSync(file)
  const rows = db.prepare(sql).all()
  db.close()
  return rows.map(row => ({ ...row }))
}

describe('the migrations', () => {
  // Pinned: whoever changes a released migration changes its checksum, and every store of that release is refused.
  test('of each release are what they were', () => {
    expect(MIGRATIONS.map(({ number, name, checksum }) => [number, name, checksum])).toEqual([
      [1, 'records', '1e701d69af86f485298e3397beba5d71e00181d98003c17a45d14a28f88949d9'],
    ])
  })

  test('are written down in the store with their checksums', () => {
    const file = newFile()
    open(file, NEWER)
    const rows = NEWER.map(({ number, name, checksum }) => ({ number, name, checksum }))
    expect(query(file, 'SELECT * FROM migration ORDER BY number')).toEqual(rows)
  })

  test('that are new are added to a store, which keeps its records', () => {
    const file = newFile()
    const before = openSqliteDatabase(file, MIGRATIONS)
    const packer = new WritePacker()
    packer.add([{ type: 'put', key: 'a', value: Uint8Array.of(1, 2) }])
    before.write(packer.finish())
    before.close()
    const after = openSqliteDatabase(file, NEWER)
    expect([...unpackWrites(after.load(''))]).toEqual([{ type: 'put', key: 'a', value: Uint8Array.of(1, 2) }])
    after.close()
    expect(query(file, 'SELECT key, note FROM record')).toEqual([{ key: 'a', note: null }])
  })

  test('are all or nothing: one that fails leaves the store as it was', () => {
    const file = newFile()
    open(file)
    const broken = numbered([...NEWER, { name: 'broken', sql: 'CREATE TABLE fine (a); CREATE TABLE record (a)' }])
    expect(() => open(file, broken)).toThrow(/record already exists/)
    expect(query(file, 'SELECT number FROM migration')).toEqual([{ number: 1 }])
    expect(query(file, "SELECT name FROM sqlite_schema WHERE name = 'fine'")).toEqual([])
    open(file)
  })
})

describe('a store of other migrations', () => {
  test('a newer one is refused, in a sentence, and stays as it is', async () => {
    const file = newFile()
    open(file, NEWER)
    await expect(sqliteStore({ file })).rejects.toMatchObject({
      code: 'newer_schema',
      message:
        `${file} has schema 2 (later), and this version of Bookend knows schemas up to 1: ` +
        'start it with the version that made it, or a later one.',
    })
    open(file, NEWER)
  })

  test('an old migration that was altered in the program is found out', () => {
    const file = newFile()
    open(file, NEWER)
    const altered = later('ALTER TABLE record ADD COLUMN note BLOB')
    expect(() => open(file, altered)).toThrow(
      expect.objectContaining({ code: 'altered_migration', message: expect.stringContaining('migration 2 (later)') }),
    )
    open(file, NEWER)
  })

  test('an old migration that was altered in the store is found out', async () => {
    const file = newFile()
    open(file)
    query(file, "UPDATE migration SET checksum = 'other' RETURNING number")
    await expect(sqliteStore({ file })).rejects.toMatchObject({
      code: 'altered_migration',
      message: expect.stringContaining(FIRST.checksum),
    })
  })

  test('one of its migrations is missing', () => {
    const file = newFile()
    open(file, NEWER)
    query(file, 'DELETE FROM migration WHERE number = 1 RETURNING number')
    expect(() => open(file, NEWER)).toThrow(expect.objectContaining({ code: 'altered_migration' }))
  })

  test('one of another program is refused, also one that calls its tables as we do', () => {
    const file = newFile()
    open(file)
    query(file, 'PRAGMA application_id = 1')
    expect(() => open(file)).toThrow(expect.objectContaining({ code: 'not_a_store' }))
  })
})
