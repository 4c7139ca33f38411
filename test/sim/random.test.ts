import { expect, test } from 'vitest'
import { randomOf } from '../../src/sim/random.ts'

// Chance that follows from a seed: the same for the same seed, another for any other, and parts that do not shift each other.

const draws = (seed: string, count = 20) => {
  const random = randomOf(seed)
  return Array.from({ length: count }, () => random.next())
}

test('a seed always gives the same numbers, and each seed its own', () => {
  expect(draws('7')).toEqual(draws('7'))
  const first = new Set(Array.from({ length: 2_000 }, (_, seed) => draws(String(seed), 1)[0]))
  expect(first.size).toBe(2_000)
})

test('these are the numbers: a run that was kept stands on them', () => {
  const random = randomOf('bookend')
  expect([random.below(1_000), random.below(1_000), random.between(5, 7), random.chance(0.5)]).toMatchInlineSnapshot(`
    [
      720,
      522,
      5,
      true,
    ]
  `)
  expect([...random.bytes(6)]).toMatchInlineSnapshot(`
    [
      253,
      242,
      231,
      200,
      57,
      21,
    ]
  `)
})

test('a part that is split off does not depend on what was drawn before, nor shift what comes after', () => {
  const [one, other] = [randomOf('seed'), randomOf('seed')]
  other.next()
  expect(one.split('disk').next()).toBe(other.split('disk').next())
  expect(one.split('disk').next()).not.toBe(one.split('network').next())
  expect(other.next()).toBe(draws('seed', 2)[1])
})

test('numbers are spread evenly enough to choose by', () => {
  const random = randomOf('even')
  const counts = Array.from({ length: 10 }, () => 0)
  for (let i = 0; i < 10_000; i++) {
    const n = random.below(10)
    counts[n] = (counts[n] ?? 0) + 1
  }
  for (const count of counts) {
    expect(count).toBeGreaterThan(850)
    expect(count).toBeLessThan(1_150)
  }
})

test('weights choose in their proportion, and never what weighs nothing', () => {
  const random = randomOf('weights')
  const counts = { often: 0, seldom: 0, never: 0 }
  for (let i = 0; i < 4_000; i++) counts[random.weighted({ often: 3, seldom: 1, never: 0 })] += 1
  expect(counts.never).toBe(0)
  expect(counts.often / counts.seldom).toBeGreaterThan(2.5)
  expect(counts.often / counts.seldom).toBeLessThan(3.5)
})

test('there is nothing to choose from an empty list, or where nothing weighs anything', () => {
  expect(() => randomOf('x').pick([])).toThrow(RangeError)
  expect(() => randomOf('x').weighted({ a: 0 })).toThrow(RangeError)
})
