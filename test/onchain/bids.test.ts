import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { feeForWeight, feeratePerKw, sat } from '../../src/base/index.ts'
import { bidFor, hasteSat, marketBid, replacementFee } from '../../src/onchain/bids.ts'

// What a claim may cost, as arithmetic (docs/decisions/0024-fees-of-claims.md).

const path = (amountSat: number, deadline?: number) => ({
  amountSat: sat(amountSat),
  ...(deadline !== undefined && { deadline }),
})
const amount = fc.integer({ min: 330, max: 16_777_215_000 })
const rate = fc.integer({ min: 253, max: 200_000 })

describe('the haste of a claim', () => {
  it.each([
    [1, 50_000],
    [2, 12_500],
    [3, 5_555],
    [10, 500],
    [144, 2],
  ])('with %i blocks left is half of the money over their square', (left, fee) => {
    expect(hasteSat([path(100_000, 800_000 + left)], 800_000)).toBe(BigInt(fee))
  })

  it('is what the last block is worth when the deadline is over, too', () => {
    expect(hasteSat([path(100_000, 800_000)], 800_000)).toBe(50_000n)
    expect(hasteSat([path(100_000, 700_000)], 800_000)).toBe(50_000n)
  })

  it('is nothing where nobody else may ever take it', () => {
    expect(hasteSat([path(100_000)], 800_000)).toBe(0n)
  })

  it('of several is the sum of each', () => {
    const [a, b, c] = [path(100_000, 800_002), path(40_000, 800_001), path(70_000)]
    expect(hasteSat([a, b, c], 800_000)).toBe(12_500n + 20_000n)
  })
})

describe('a bid', () => {
  it('is never more than the market or half of the money at stake, and never falls as blocks go by', () => {
    fc.assert(
      fc.property(
        amount,
        rate,
        fc.integer({ min: 400, max: 4_000 }),
        fc.integer({ min: 1, max: 30 }),
        (held, perKw, weight, left) => {
          const market = feeForWeight(feeratePerKw(perKw), weight)
          let last = 0n
          for (let height = 100; height <= 100 + left + 2; height++) {
            const fee = bidFor([path(held, 100 + left)], { feeratePerKw: feeratePerKw(perKw), height })(weight)
            expect(fee).toBeGreaterThanOrEqual(market)
            expect(fee > market && fee > BigInt(held) / 2n).toBe(false)
            expect(fee).toBeGreaterThanOrEqual(last)
            last = fee
          }
          // In the last block all of it is at stake.
          expect(last >= BigInt(held) / 2n).toBe(true)
        },
      ),
    )
  })

  it('without a deadline is the market’s', () => {
    const bid = bidFor([path(5_000_000)], { feeratePerKw: feeratePerKw(2_500), height: 1 })
    expect([bid(1_000), bid(444)]).toEqual([marketBid(feeratePerKw(2_500))(1_000), 1_110n])
  })

  it('is no less than its floor', () => {
    const context = { feeratePerKw: feeratePerKw(1_000), height: 1 }
    expect(bidFor([path(9_000)], context, weight => BigInt(weight) * 3n)(500)).toBe(1_500n)
    expect(bidFor([path(9_000)], context, () => 10n)(500)).toBe(500n)
  })
})

describe('a replacement', () => {
  it('pays for what it replaces and its own relay, and a step of a twenty-fourth', () => {
    expect(replacementFee(1_000n, 1_000)).toBe(1_250n)
    expect(replacementFee(240_000n, 1_000)).toBe(250_000n)
    expect(replacementFee(0n, 401)).toBe(101n)
  })

  it('comes a few dozen times at most between any two fees', () => {
    fc.assert(
      fc.property(fc.integer({ min: 110, max: 100_000 }), fc.integer({ min: 400, max: 4_000 }), (first, weight) => {
        let [fee, steps] = [BigInt(first), 0]
        while (fee < BigInt(first) * 100n) {
          const next = replacementFee(fee, weight)
          expect(next).toBeGreaterThan(fee)
          fee = next
          steps += 1
        }
        // The logarithm of 100 to the base of 25/24, and one.
        expect(steps).toBeLessThanOrEqual(114)
      }),
    )
  })
})
