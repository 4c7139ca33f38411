import { expect, test } from 'vitest'
import type { StoreWrite } from '../../src/ports/index.ts'
import { unpackWrites, WritePacker } from '../../src/storage/packedWrites.ts'

const put = (key: string, ...bytes: readonly number[]): StoreWrite => ({
  type: 'put',
  key,
  value: Uint8Array.from(bytes),
})
const remove = (key: string): StoreWrite => ({ type: 'delete', key })

function packed(...batches: readonly (readonly StoreWrite[])[]): readonly StoreWrite[] {
  const packer = new WritePacker()
  for (const batch of batches) packer.add(batch)
  return [...unpackWrites(packer.finish())]
}

test('what is written to one key counts once, as it was written last, within a batch and over several', () => {
  const batches = [
    [put('a', 1, 2, 3), put('b'), put('a', 4), remove('c'), put('d', 5)],
    [remove('d'), put('c', 6, 7), put('b', 8)],
  ]
  expect(packed(...batches)).toEqual([put('a', 4), remove('d'), put('c', 6, 7), put('b', 8)])
})

test('a value that is empty, one that is gone and one that came again are three things', () => {
  expect(packed([put('a')])).toEqual([put('a')])
  expect(packed([put('a'), remove('a')])).toEqual([remove('a')])
  expect(packed([remove('a'), put('a', 1), put('b', 2)])).toEqual([put('a', 1), put('b', 2)])
  expect(packed([])).toEqual([])
})
