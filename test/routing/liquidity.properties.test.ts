import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { msat, pmapGet } from '../../src/base/index.ts'
import { type Knowledge, type Lesson, learn, NOTHING_LEARNT } from '../../src/routing/index.ts'
import { MAX_REMEMBERED_CHANNELS } from '../../src/routing/limits.ts'
import { chanceOf, decayed, HALF_LIFE_MS, mirrored } from '../../src/routing/liquidity.ts'
import { scid } from './fixture.ts'

const CAPACITY = 1_000_000
const lesson: fc.Arbitrary<Lesson> = fc.record({
  shortChannelId: fc.constant(scid(1)),
  direction: fc.constantFrom(0 as const, 1 as const),
  amountMsat: fc.integer({ min: 0, max: 2 * CAPACITY }).map(msat),
  capacityMsat: fc.constant(msat(CAPACITY)),
  outcome: fc.constantFrom('passed' as const, 'failed' as const, 'settled' as const),
  now: fc.integer({ min: 0, max: 10 * HALF_LIFE_MS }),
})

const learnt = (lessons: readonly Lesson[]): Knowledge => {
  const known = pmapGet(lessons.reduce(learn, NOTHING_LEARNT), scid(1))
  if (known === undefined) throw new Error('there was a lesson')
  return known
}

describe('what is known of a channel', () => {
  it('is an interval within its capacity, whatever happens in whatever order', () => {
    fc.assert(
      fc.property(fc.array(lesson, { minLength: 1, maxLength: 20 }), lessons => {
        const { low, high } = learnt(lessons)
        expect(low >= 0 && low <= high && high <= CAPACITY).toBe(true)
        expect(Number.isInteger(low) && Number.isInteger(high)).toBe(true)
      }),
    )
  })

  it('follows the truth: a channel that has what it has is never known to have something else', () => {
    const attempt = fc.record({
      amount: fc.integer({ min: 1, max: CAPACITY }),
      direction: fc.constantFrom(0 as const, 1 as const),
      settles: fc.boolean(),
    })
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: CAPACITY }),
        fc.array(attempt, { minLength: 1, maxLength: 20 }),
        (start, attempts) => {
          let [has, known] = [start, NOTHING_LEARNT]
          for (const [index, { amount, direction, settles }] of attempts.entries()) {
            const available = direction === 0 ? has : CAPACITY - has
            const common = {
              shortChannelId: scid(1),
              direction,
              amountMsat: msat(amount),
              capacityMsat: msat(CAPACITY),
              now: index * 1000,
            }
            known = learn(known, { ...common, outcome: amount <= available ? 'passed' : 'failed' })
            if (amount <= available && settles) {
              known = learn(known, { ...common, outcome: 'settled' })
              has += direction === 0 ? -amount : amount
            }
            const { low, high } = pmapGet(known, scid(1)) ?? { low: -1, high: -1 }
            expect(low <= has && has <= high).toBe(true)
          }
        },
      ),
    )
  })

  it('becomes less with time, and is the same for both ends', () => {
    fc.assert(
      fc.property(
        fc.array(lesson, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 0, max: HALF_LIFE_MS }),
        (lessons, wait) => {
          const known = learnt(lessons)
          const later = decayed(known, known.at + wait)
          expect(later.low <= known.low && later.high >= known.high).toBe(true)
          expect(mirrored(mirrored(known))).toEqual(known)
          const half = decayed(known, known.at + HALF_LIFE_MS)
          expect(Math.abs(half.low - known.low / 2)).toBeLessThanOrEqual(1)
        },
      ),
    )
  })

  it('makes an amount the less likely the larger it is: from certain to impossible', () => {
    const bounds = { low: 100, high: 199 }
    expect([0, 100, 101, 150, 199, 200].map(amount => chanceOf(amount, bounds))).toEqual([1, 1, 0.99, 0.5, 0.01, 0])
    expect(chanceOf(5, { low: 4, high: 4 })).toBe(0)
  })

  it('is forgotten for the oldest channels when they are too many', () => {
    let known = NOTHING_LEARNT
    for (let i = 0; i <= MAX_REMEMBERED_CHANNELS; i++) {
      known = learn(known, {
        shortChannelId: scid(i),
        direction: 0,
        amountMsat: msat(1),
        capacityMsat: msat(2),
        outcome: 'passed',
        now: i,
      })
    }
    expect(known.size).toBe(1 + MAX_REMEMBERED_CHANNELS / 2)
    expect([pmapGet(known, scid(0)), pmapGet(known, scid(MAX_REMEMBERED_CHANNELS))?.low]).toEqual([undefined, 1])
  })
})
