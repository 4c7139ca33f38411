import { expect, test } from 'vitest'
import { memoryStore } from '../../src/storage/index.ts'
import { storeSuite } from './storeSuite.ts'

storeSuite('the store in memory', async () => {
  const store = memoryStore()
  return { store, reopen: async () => memoryStore(store.snapshot()) }
})

test('a snapshot is a picture of the moment, and a store that starts from it goes its own way', async () => {
  const store = memoryStore()
  await store.commit([{ type: 'put', key: 'a', value: Uint8Array.of(1) }])
  const picture = store.snapshot()
  const other = memoryStore(picture)
  await store.commit([{ type: 'put', key: 'a', value: Uint8Array.of(2) }])
  await other.commit([{ type: 'delete', key: 'a' }])
  expect([...picture]).toEqual([['a', Uint8Array.of(1)]])
  expect(await store.load('')).toEqual(new Map([['a', Uint8Array.of(2)]]))
  expect(await other.load('')).toEqual(new Map())
})
