import { expect, test } from 'vitest'
import { Disk } from '../../src/sim/disk.ts'

const put = (key: string, ...value: readonly number[]) => ({ type: 'put', key, value: Uint8Array.from(value) }) as const
const remove = (key: string) => ({ type: 'delete', key }) as const
const keys = (disk: Disk) => [...disk.records.keys()].sort()

test('a commit is durable when it is synced, whole and in its order', () => {
  const disk = new Disk()
  disk.write([put('a', 1), put('b', 2)])
  disk.write([remove('a'), put('c', 3)])
  expect(keys(disk)).toEqual([])
  expect(disk.durable).toBe(0)
  expect(disk.sync()).toBe(true)
  expect(keys(disk)).toEqual(['b', 'c'])
  expect(disk.durable).toBe(2)
})

test.each([
  [0, []],
  [1, ['a', 'b']],
  [2, ['b', 'c']],
])('a crash keeps the first %i commits of those that wait, each whole', (kept, expected) => {
  const disk = new Disk()
  disk.write([put('a', 1), put('b', 2)])
  disk.write([remove('a'), put('c', 3)])
  disk.crash(kept)
  expect(keys(disk)).toEqual(expected)
  expect(disk.waiting).toBe(0)
})

test.each([
  ['fails', []],
  ['full', []],
  ['fails_but_kept', ['a']],
] as const)('a sync that %s says so, and nobody is told what was kept', (fault, expected) => {
  const disk = new Disk()
  disk.fault = fault
  disk.write([put('a', 1)])
  expect(disk.sync()).toBe(false)
  expect(keys(disk)).toEqual(expected)
  // The next process finds a disk that works.
  disk.write([put('z', 1)])
  expect(disk.sync()).toBe(true)
})

test('an older image has what stood there before the last commits', () => {
  const disk = new Disk()
  for (const value of [1, 2, 3]) {
    disk.write([put('a', value), put(`only ${value}`, value)])
    disk.sync()
  }
  disk.rollBack(2)
  expect([...(disk.records.get('a') ?? [])]).toEqual([1])
  expect(keys(disk)).toEqual(['a', 'only 1'])
  disk.rollBack(100)
  expect(keys(disk)).toEqual([])
})

test('records under a prefix, and no others', () => {
  const disk = new Disk()
  disk.write([put('event/1', 1), put('event/2', 2), put('events', 3)])
  disk.sync()
  expect([...disk.load('event/').keys()]).toEqual(['event/1', 'event/2'])
})
