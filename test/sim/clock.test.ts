import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Clock } from '../../src/sim/clock.ts'

const runAll = (clock: Clock, until = Number.MAX_SAFE_INTEGER) => {
  while (clock.step(until));
}

test('what is due comes in the order of its time, and of asking where times are equal', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { maxLength: 60 }), times => {
      const clock = new Clock(100)
      const seen: { readonly at: number; readonly index: number }[] = []
      for (const [index, time] of times.entries()) clock.after(time, () => seen.push({ at: clock.now, index }))
      runAll(clock, 1_000)
      const expected = times
        .map((time, index) => ({ at: 100 + time, index }))
        .sort((a, b) => a.at - b.at || a.index - b.index)
      expect(seen).toEqual(expected)
    }),
  )
})

test('what is asked for while something happens comes in its place', () => {
  const clock = new Clock(0)
  const seen: string[] = []
  clock.after(10, () => {
    seen.push('ten')
    clock.after(0, () => seen.push('ten again'))
    clock.after(5, () => seen.push('fifteen'))
  })
  clock.after(12, () => seen.push('twelve'))
  runAll(clock, 100)
  expect(seen).toEqual(['ten', 'ten again', 'twelve', 'fifteen'])
})

test('time goes to where it was told to go, and never back', () => {
  const clock = new Clock(50)
  expect(clock.step(80)).toBe(false)
  expect(clock.now).toBe(80)
  expect(clock.step(60)).toBe(false)
  expect(clock.now).toBe(80)
  let at = 0
  clock.at(10, () => {
    at = clock.now
  })
  expect(clock.step(80)).toBe(true)
  expect(at).toBe(80)
})

test('nothing happens after the time up to which it may', () => {
  const clock = new Clock(0)
  let happened = false
  clock.after(11, () => {
    happened = true
  })
  expect(clock.step(10)).toBe(false)
  expect(happened).toBe(false)
  expect(clock.nextAt).toBe(11)
  expect(clock.step(11)).toBe(true)
  expect(clock.isIdle).toBe(true)
})

test('a clock with nothing but alarms on it has nothing that is awaited, and they come in their order with the rest', () => {
  const clock = new Clock(0)
  const seen: string[] = []
  clock.alarm(10, () => seen.push('alarm'))
  expect([clock.isIdle, clock.isAwaited]).toEqual([false, false])
  clock.at(10, () => seen.push('after it'))
  clock.after(5, () => seen.push('before it'))
  expect(clock.isAwaited).toBe(true)
  clock.step(100)
  clock.step(100)
  expect([seen, clock.isAwaited]).toEqual([['before it', 'alarm'], true])
  clock.step(100)
  expect([seen, clock.isAwaited]).toEqual([['before it', 'alarm', 'after it'], false])
})
