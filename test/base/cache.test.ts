import { expect, test } from 'vitest'
import { OwnedCache } from '../../src/base/index.ts'

const owner = {}

function counting(most: number) {
  const cache = new OwnedCache<object, number>(most)
  let made = 0
  return (of: object, index: number) => {
    const before = made
    cache.get(of, index, () => {
      made += 1
      return made
    })
    return made > before ? 'made' : 'known'
  }
}

test('what was asked for once is known to its owner and to no other', () => {
  const get = counting(3)
  expect([get(owner, 1), get(owner, 1), get({}, 1), get(owner, 2)]).toEqual(['made', 'known', 'made', 'made'])
})

test('the one known longest goes where there are more than allowed', () => {
  const get = counting(2)
  expect([1, 2, 3].map(index => get(owner, index))).toEqual(['made', 'made', 'made'])
  expect([3, 2, 1].map(index => get(owner, index))).toEqual(['known', 'known', 'made'])
})

test('what is forgotten is made again', () => {
  const cache = new OwnedCache<object, object>(2)
  const first = cache.get(owner, 1, () => ({}))
  cache.forget(owner, 2)
  expect(cache.get(owner, 1, () => ({}))).toBe(first)
  cache.forget(owner, 1)
  expect(cache.get(owner, 1, () => ({}))).not.toBe(first)
})
