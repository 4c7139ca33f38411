import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Page, Store, StoreWrite } from '../../src/ports/index.ts'

// What every store has to show before a node trusts it with a channel.

/** A store that is empty, and how it comes back after the process has ended. */
export interface StoreUnderTest {
  readonly store: Store
  /** Opens what the store left behind. The first one is closed by then. */
  reopen(): Promise<Store>
}

export function storeSuite(name: string, create: () => Promise<StoreUnderTest>): void {
  describe(name, () => {
    test('an empty store has nothing under any prefix', async () => {
      const { store } = await create()
      for (const prefix of ['', 'channel/']) expect(await store.load(prefix)).toEqual(new Map())
    })

    test('a record comes back as it was put: empty, all byte values, a megabyte', async () => {
      const { store } = await create()
      const values = [new Uint8Array(0), Uint8Array.from({ length: 256 }, (_, i) => i), new Uint8Array(2 ** 20).fill(7)]
      await store.commit(values.map((value, i) => put(`key/${i}`, value)))
      expect(await hexRecords(store, '')).toEqual(values.map((value, i) => [`key/${i}`, hexOf(value)]))
    })

    test('a prefix is the beginning of a key, letter by letter, and no pattern', async () => {
      const { store } = await create()
      const keys = ['a', 'a/', 'a/b', 'a/b/c', 'a/bc', 'ab', 'A/b', 'a%b', 'a_b', 'a*', 'a/\\', "a/'", 'a/~', 'a/ ']
      await store.commit(keys.map(key => put(key, Uint8Array.of(1))))
      const under = async (prefix: string) => [...(await store.load(prefix)).keys()].sort()
      const expected = (prefix: string) => keys.filter(key => key.startsWith(prefix)).sort()
      for (const prefix of ['', 'a', 'a/', 'a/b', 'A', 'a%', 'a_', 'a*', '%', '_', 'a/~', 'a/\\', 'b']) {
        expect(await under(prefix), prefix).toEqual(expected(prefix))
      }
    })

    test('a page holds what a whole load holds, in order, from either end', async () => {
      const { store } = await create()
      const keys = Array.from({ length: 25 }, (_, i) => `event/${String(i).padStart(4, '0')}`)
      await store.commit([...keys, 'evens', 'a', 'event'].map(key => put(key, utf8(key))))
      const page = async (options: Page, prefix = 'event/') => [...(await store.loadPage(prefix, options)).keys()]
      expect(await page({ limit: 3 })).toEqual(keys.slice(0, 3))
      expect(await page({ limit: 3, after: 'event/0002' })).toEqual(keys.slice(3, 6))
      expect(await page({ limit: 100, after: 'event/0020' })).toEqual(keys.slice(21))
      expect(await page({ limit: 100, after: 'event/0001', before: 'event/0004' })).toEqual(keys.slice(2, 4))
      expect(await page({ limit: 2, backwards: true })).toEqual(['event/0024', 'event/0023'])
      expect(await page({ limit: 2, backwards: true, before: 'event/0003' })).toEqual(['event/0002', 'event/0001'])
      expect(await page({ limit: 5, after: 'event/9' })).toEqual([])
      expect(await page({ limit: 0 })).toEqual([])
      expect(await page({ limit: 100 }, '')).toHaveLength(28)
      const [first] = await store.loadPage('event/', { limit: 1 })
      expect(first).toEqual(['event/0000', utf8('event/0000')])
    })

    test('a put replaces, a delete removes, and one of what is not there does nothing', async () => {
      const { store } = await create()
      await store.commit([put('a', Uint8Array.of(1)), put('b', Uint8Array.of(2))])
      await store.commit([put('a', Uint8Array.of(3)), remove('b'), remove('c')])
      expect(await hexRecords(store, '')).toEqual([['a', '03']])
    })

    test('within a batch later writes come after earlier ones', async () => {
      const { store } = await create()
      await store.commit([
        put('a', Uint8Array.of(1)),
        remove('a'),
        put('b', Uint8Array.of(2)),
        put('b', Uint8Array.of(3)),
      ])
      await store.commit([remove('b'), put('b', Uint8Array.of(4)), put('a', Uint8Array.of(5)), remove('a')])
      expect(await hexRecords(store, '')).toEqual([['b', '04']])
    })

    test('an empty batch is none', async () => {
      const { store } = await create()
      await store.commit([])
      expect(await store.load('')).toEqual(new Map())
    })

    test('batches that are asked for one after the other without waiting are stored in that order', async () => {
      const { store } = await create()
      await Promise.all(Array.from({ length: 20 }, (_, i) => store.commit([put('a', Uint8Array.of(i))])))
      expect(await hexRecords(store, '')).toEqual([['a', '13']])
    })

    test('bytes belong to whoever made them: changing them later changes no record', async () => {
      const { store } = await create()
      const value = Uint8Array.of(1, 2, 3)
      await store.commit([put('a', value)])
      value.fill(9)
      const loaded = await store.load('')
      loaded.get('a')?.fill(8)
      expect(await hexRecords(store, '')).toEqual([['a', '010203']])
    })

    test('a part of a larger buffer is stored as that part', async () => {
      const { store } = await create()
      await store.commit([put('a', Uint8Array.of(1, 2, 3, 4, 5).subarray(1, 3))])
      expect(await hexRecords(store, '')).toEqual([['a', '0203']])
    })

    test('what was loaded is a picture of that moment', async () => {
      const { store } = await create()
      await store.commit([put('a', Uint8Array.of(1))])
      const before = await store.load('')
      await store.commit([put('a', Uint8Array.of(2)), put('b', Uint8Array.of(3))])
      expect([...before].map(([key, value]) => [key, hexOf(value)])).toEqual([['a', '01']])
    })

    test('what was committed is there after the end of the process, and nothing else', async () => {
      const { store, reopen } = await create()
      await store.commit([put('a', Uint8Array.of(1)), put('b', Uint8Array.of(2))])
      await store.commit([remove('a'), put('c', new Uint8Array(0))])
      await store.close()
      const again = await reopen()
      expect(await hexRecords(again, '')).toEqual([
        ['b', '02'],
        ['c', ''],
      ])
      await again.close()
    })

    test('any sequence of batches leaves what a map would hold', async () => {
      const key = fc.constantFrom('a', 'a/1', 'a/2', 'b/1', 'b/10', 'c')
      const write = fc.oneof(
        fc.tuple(key, fc.uint8Array({ maxLength: 8 })).map(([at, value]): StoreWrite => put(at, value)),
        key.map((at): StoreWrite => remove(at)),
      )
      const batches = fc.array(fc.array(write, { maxLength: 8 }), { maxLength: 8 })
      await fc.assert(
        fc.asyncProperty(batches, fc.constantFrom('', 'a', 'a/', 'b/1', 'z'), async (all, prefix) => {
          const { store, reopen } = await create()
          const model = new Map<string, string>()
          for (const batch of all) {
            await store.commit(batch)
            for (const each of batch) {
              if (each.type === 'put') model.set(each.key, hexOf(each.value))
              else model.delete(each.key)
            }
          }
          const expected = [...model].filter(([at]) => at.startsWith(prefix)).sort()
          expect(await hexRecords(store, prefix)).toEqual(expected)
          await store.close()
          const again = await reopen()
          expect(await hexRecords(again, prefix)).toEqual(expected)
          await again.close()
        }),
        { numRuns: 30 },
      )
    })
  })
}

function put(key: string, value: Uint8Array): StoreWrite {
  return { type: 'put', key, value }
}

function remove(key: string): StoreWrite {
  return { type: 'delete', key }
}

async function hexRecords(store: Store, prefix: string): Promise<readonly (readonly [string, string])[]> {
  const records = await store.load(prefix)
  return [...records].map(([key, value]) => [key, hexOf(value)] as const).sort(([a], [b]) => (a < b ? -1 : 1))
}

function hexOf(value: Uint8Array): string {
  return Buffer.from(value).toString('hex')
}

const utf8 = (text: string) => new TextEncoder().encode(text)
