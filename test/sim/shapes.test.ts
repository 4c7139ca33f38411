import { expect, test } from 'vitest'
import { type Plan, planOf } from '../../src/sim/plan.ts'
import { randomOf } from '../../src/sim/random.ts'
import { inHolds, inParts, overTheLast } from '../../src/sim/shapes.ts'

const plan = (seed: number, more: object = {}): Plan =>
  planOf({ seed: `${seed}`, mode: 'fast', nodes: 3, deeds: 10, ...more }, randomOf(`${seed}`))
const isPublic = ({ channels }: Plan): boolean => channels.some(({ announce }) => announce === true)
const isInParts = ({ channels }: Plan): boolean => channels.every(({ capacitySat }) => capacitySat === 60_000)

test('a seed chooses what its channels are for: in some worlds they are public, in some too small for what is paid', () => {
  const plans = Array.from({ length: 500 }, (_, seed) => plan(seed))
  // 100 and 50 of 500 in the mean; four deviations are 36 and 27.
  for (const [is, least, most] of [
    [isPublic, 60, 136],
    [isInParts, 23, 77],
  ] as const) {
    const count = plans.filter(is).length
    expect(count).toBeGreaterThan(least)
    expect(count).toBeLessThan(most)
  }
  expect(plans.some(each => isPublic(each) && isInParts(each))).toBe(true)
  expect(plan(7)).toEqual(plan(7))
})

test('who gives the faults gets the channels as they are', () => {
  const faults = { pay: 1 }
  for (let seed = 0; seed < 100; seed++) {
    const given = plan(seed, { faults })
    expect(isPublic(given) || isInParts(given)).toBe(false)
  }
})

test('in parts each pair has two channels, and what is paid is more than one of them holds, but for what is small or comes in crowds', () => {
  const whole = plan(3, { faults: { pay: 1 }, deeds: 200 })
  const parts = inParts(whole)
  expect(parts.channels).toHaveLength(2 * whole.channels.length)
  expect(parts.deeds.map(({ id, at }) => [id, at])).toEqual(whole.deeds.map(({ id, at }) => [id, at]))
  const amounts = parts.deeds.map(({ deed }, index) => {
    const before = whole.deeds[index]?.deed
    if (deed.type !== 'pay' || before?.type !== 'pay') throw new Error('all of them pay')
    if (before.times !== undefined || before.amountMsat < 100_000) expect(deed).toEqual(before)
    else expect(deed.amountMsat).toBeGreaterThanOrEqual(24_000_000)
    return deed.amountMsat
  })
  // What the two sides of a channel have at first, without what they keep.
  expect(amounts.filter(amount => amount > 25_000_000).length).toBeGreaterThan(30)
  expect(amounts.filter(amount => amount > 35_000_000).length).toBeGreaterThan(0)
})

test('in some worlds of somebody hostile everything goes over it', () => {
  const isOver = ({ nodes, channels }: Plan): boolean =>
    channels.every(({ from, to }) => [from, to].includes(nodes.length - 1))
  const plans = Array.from({ length: 400 }, (_, seed) => plan(seed))
  const hostile = plans.filter(({ nodes }) => nodes.at(-1)?.isAdversary === true)
  // A quarter of them; four deviations of 50 of 200 are 24.
  expect(Math.abs(hostile.filter(isOver).length - hostile.length / 4)).toBeLessThan(24)
  expect(plans.filter(each => !hostile.includes(each)).some(isOver)).toBe(false)
  const whole = plan(3, { nodes: 5 })
  const over = overTheLast(whole)
  expect(over.channels).toHaveLength(whole.channels.length)
  expect(over.channels.every(({ from, to }) => from !== to)).toBe(true)
  expect(isOver(over)).toBe(true)
})

test('somebody hostile deceives now and then, in each of its ways', () => {
  const deeds = Array.from({ length: 300 }, (_, seed) => plan(seed, { deeds: 40, adversary: true }).deeds).flat()
  const deceits = deeds.flatMap(({ deed }) => (deed.type === 'deceive' ? [deed] : []))
  // Some 5 of 90 as a weight in half of the seeds.
  expect(deceits.length / deeds.length).toBeGreaterThan(0.01)
  expect(deceits.length / deeds.length).toBeLessThan(0.06)
  expect(deceits.every(({ who }) => who === 2)).toBe(true)
  expect(new Set(deceits.map(({ deceit }) => deceit)).size).toBe(10)
})

test('in holds all is paid by invoices that are held in a way that is hard, but for what comes in crowds', () => {
  const whole = plan(3, { faults: { pay: 10, mine: 1 }, deeds: 200 })
  const held = inHolds(whole, randomOf('holds'))
  expect(held.deeds.map(({ id, at, deed }) => [id, at, deed.type])).toEqual(
    whole.deeds.map(({ id, at, deed }) => [id, at, deed.type]),
  )
  const kinds = held.deeds.flatMap(({ deed }, index) => {
    if (deed.type !== 'pay' || deed.times !== undefined) {
      expect(deed).toEqual(whole.deeds[index]?.deed)
      return []
    }
    expect(deed.by).toBe('invoice')
    return [deed.hold?.isImpatient === true ? 'impatient' : deed.hold?.awaits?.type]
  })
  expect(new Set(kinds)).toEqual(new Set(['impatient', 'close', 'expiry']))
})

test('so are some of those that ordinary seeds hold', () => {
  const holds = Array.from({ length: 300 }, (_, seed) => plan(seed, { deeds: 40 })).flatMap(({ deeds }) =>
    deeds.flatMap(({ deed }) => (deed.type === 'pay' && deed.hold !== undefined ? [deed.hold] : [])),
  )
  const hard = holds.filter(({ awaits, isImpatient }) => awaits !== undefined || isImpatient === true)
  // 0.3 of them.
  expect(hard.length / holds.length).toBeGreaterThan(0.2)
  expect(hard.length / holds.length).toBeLessThan(0.4)
})
