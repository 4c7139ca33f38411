import { copyFileSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import type { StoreWrite } from '../../src/ports/index.ts'
import { sqliteStore } from '../../src/storage/index.ts'
import { storeSuite } from './storeSuite.ts'
import { temporaryDirectories } from './temporary.ts'
import { transactionsInLog } from './writeAheadLog.ts'

const directory = temporaryDirectories()
const newFile = () => join(directory(), 'store')

storeSuite('the store in SQLite', async () => {
  const file = newFile()
  return { store: await sqliteStore({ file }), reopen: () => sqliteStore({ file }) }
})

function put(key: string, byte: number): StoreWrite {
  return { type: 'put', key, value: Uint8Array.of(byte) }
}

describe('group commit', () => {
  test('five hundred commits at once are one transaction, one after the other they are one each', async () => {
    const file = newFile()
    const store = await sqliteStore({ file })
    const opened = transactionsInLog(file)
    await Promise.all(Array.from({ length: 500 }, (_, i) => store.commit([put(`${i}`, 1)])))
    const together = transactionsInLog(file)
    expect(together - opened).toBe(1)
    for (let i = 0; i < 20; i++) await store.commit([put('one', i)])
    expect(transactionsInLog(file) - together).toBe(20)
    expect((await store.load('')).size).toBe(501)
    await store.close()
  })

  test('what is asked for while a transaction is being written is the next one', async () => {
    const file = newFile()
    const store = await sqliteStore({ file })
    const opened = transactionsInLog(file)
    const writer = async (name: string) => {
      for (let i = 0; i < 10; i++) await store.commit([put(`${name}/${i}`, i)])
    }
    await Promise.all(Array.from({ length: 50 }, (_, i) => writer(`writer ${i}`)))
    expect(transactionsInLog(file) - opened).toBe(10)
    expect((await store.load('writer')).size).toBe(500)
    await store.close()
  })

  test('a load in between sees what was asked for before it, and nothing after', async () => {
    const store = await sqliteStore({ file: newFile() })
    const first = store.commit([put('a', 1)])
    const loaded = store.load('')
    const second = store.commit([put('b', 2)])
    expect(await loaded).toEqual(new Map([['a', Uint8Array.of(1)]]))
    await Promise.all([first, second])
    expect((await store.load('')).size).toBe(2)
    await store.close()
  })

  test('many loads at once each find their own, with the commits between them', async () => {
    const store = await sqliteStore({ file: newFile() })
    const many = Array.from({ length: 250 }, (_, i) => `${String(i).padStart(3, '0')}`)
    await store.commit(many.map((key, i) => put(key, i)))
    const before = many.map(key => store.loadPage(key, { limit: 1 }))
    const committed = store.commit([put('007', 99), { type: 'delete', key: '008' }])
    const after = many.map(key => store.load(key))
    const found = await Promise.all(before)
    expect(found).toEqual(many.map((key, i) => new Map([[key, Uint8Array.of(i)]])))
    await committed
    const changed = await Promise.all(after)
    expect(changed[7]).toEqual(new Map([['007', Uint8Array.of(99)]]))
    expect(changed[8]).toEqual(new Map())
    expect(changed[249]).toEqual(found[249])
    await store.close()
  })
})

describe('the life of a store', () => {
  test('closing flushes what was asked for before, and refuses what comes after', async () => {
    const file = newFile()
    const store = await sqliteStore({ file })
    const committed = store.commit([put('a', 1)])
    await store.close()
    await committed
    await store.close()
    await expect(store.commit([put('b', 2)])).rejects.toMatchObject({ code: 'store_closed' })
    await expect(store.commit([])).rejects.toMatchObject({ code: 'store_closed' })
    await expect(store.load('')).rejects.toMatchObject({ code: 'store_closed' })
    const again = await sqliteStore({ file })
    expect([...(await again.load('')).keys()]).toEqual(['a'])
    await again.close()
  })

  test('a file has one owner', async () => {
    const file = newFile()
    const store = await sqliteStore({ file })
    await store.commit([put('a', 1)])
    await expect(sqliteStore({ file })).rejects.toMatchObject({ code: 'store_in_use' })
    await store.commit([put('b', 2)])
    await store.close()
    const again = await sqliteStore({ file })
    expect((await again.load('')).size).toBe(2)
    await again.close()
  })

  test('its files are for the owner alone', async () => {
    const file = newFile()
    const store = await sqliteStore({ file })
    await store.commit([put('a', 1)])
    for (const each of [file, `${file}-wal`]) expect(statSync(each).mode & 0o777, each).toBe(0o600)
    await store.close()
  })

  test('what is no store is refused and left as it is', async () => {
    const text = newFile()
    writeFileSync(
      text,
      'some other file, with more bytes in it than the header of a database has, and more, and more.....',
    )
    const foreign = newFile()
    const db = new DatabaseSync(foreign)
    db.exec('CREATE TABLE theirs (a)')
    db.close()
    for (const file of [text, foreign]) {
      const before = readFileSync(file)
      await expect(sqliteStore({ file })).rejects.toMatchObject({
        code: 'not_a_store',
        message: expect.stringContaining(file),
      })
      expect(readFileSync(file)).toEqual(before)
    }
  })

  test('a directory that is not there is said', async () => {
    const file = join(directory(), 'nowhere', 'store')
    await expect(sqliteStore({ file })).rejects.toMatchObject({
      code: 'store_failed',
      message: expect.stringMatching(/ENOENT.*nowhere/),
    })
  })

  test('keys that are not printable ASCII are a bug, and nothing of their batch is stored', async () => {
    const store = await sqliteStore({ file: newFile() })
    for (const key of ['é', 'a\n', '\u007f', '\0']) {
      await expect(store.commit([put('a', 1), put(key, 1)])).rejects.toThrow(/printable ASCII/)
      await expect(store.load(key)).rejects.toThrow(/printable ASCII/)
    }
    expect(await store.load('')).toEqual(new Map())
    await store.close()
  })

  test('the log is moved to its place as it grows, and takes no more room for ever', async () => {
    const file = newFile()
    const store = await sqliteStore({ file })
    const megabyte = new Uint8Array(2 ** 20).fill(7)
    for (let i = 0; i < 24; i++) await store.commit([{ type: 'put', key: `${i % 2}`, value: megabyte }])
    expect(statSync(`${file}-wal`).size).toBeLessThan(8 * 2 ** 20)
    await store.close()
  })
})

describe('a log that is torn', () => {
  test('at any place: the batches before it are there, whole, and the rest is gone', async () => {
    const file = newFile()
    const store = await sqliteStore({ file })
    const records = 5
    for (let i = 0; i < 12; i++) {
      const value = new Uint8Array(700).fill(i)
      await store.commit(Array.from({ length: records }, (_, part) => ({ type: 'put', key: `${part}`, value })))
    }
    const copy = newFile()
    const size = statSync(`${file}-wal`).size
    const seen = new Set<number>()
    let last = -1
    const cuts = Array.from({ length: Math.ceil(size / 4001) }, (_, i) => i * 4001)
    for (const cut of [...cuts, size]) {
      for (const ending of ['', '-wal']) copyFileSync(file + ending, copy + ending)
      writeFileSync(`${copy}-wal`, readFileSync(`${copy}-wal`).subarray(0, cut))
      const torn = await sqliteStore({ file: copy })
      const values = [...(await torn.load('')).values()]
      expect([0, records]).toContain(values.length)
      const first = values[0]?.[0] ?? -1
      expect(new Set(values.flatMap(value => [...value])).size).toBe(values.length === 0 ? 0 : 1)
      expect(first).toBeGreaterThanOrEqual(last)
      last = first
      seen.add(first)
      await torn.close()
      rmSync(`${copy}-wal`, { force: true })
    }
    expect(seen.size).toBe(13)
    await store.close()
  })
})
