import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  add,
  BugError,
  feeForWeight,
  feeratePerKw,
  MAX_MONEY_MSAT,
  MAX_MONEY_SAT,
  msat,
  msatToSat,
  sat,
  satToMsat,
  subtract,
  subtractOrZero,
} from '../../src/base/index.ts'

const amounts = fc.bigInt(0n, MAX_MONEY_SAT).map(sat)

describe('amounts', () => {
  it('are bounded by the figures of BOLT 1, fundamental types', () => {
    expect(MAX_MONEY_SAT).toBe(0x000775f05a074000n)
    expect(MAX_MONEY_MSAT).toBe(0x1d24b2dfac520000n)
  })

  it('take whole numbers that are not negative', () => {
    expect(sat(5)).toBe(5n)
    expect(msat(7n)).toBe(7n)
    expect(() => sat(-1)).toThrow(BugError)
    expect(() => msat(-1n)).toThrow(BugError)
    expect(() => sat(0.5)).toThrow(RangeError)
  })

  it('convert, rounding down to satoshis', () => {
    expect(msatToSat(msat(1999))).toBe(1n)
    expect(msatToSat(msat(999))).toBe(0n)
    fc.assert(
      fc.property(amounts, fc.nat(999), (amount, rest) => {
        expect(msatToSat(msat(satToMsat(amount) + BigInt(rest)))).toBe(amount)
      }),
    )
  })

  it('add and subtract', () => {
    fc.assert(
      fc.property(amounts, amounts, amounts, (a, b, c) => {
        const sum = add(a, b, c)
        expect(sum).toBe(a + b + c)
        expect(subtract(subtract(sum, b), c)).toBe(a)
        expect(subtractOrZero(sum, a)).toBe(b + c)
      }),
    )
  })

  it('never go below zero', () => {
    expect(subtract(sat(1), sat(1))).toBe(0n)
    expect(() => subtract(sat(1), sat(2))).toThrow(BugError)
    expect(subtractOrZero(sat(1), sat(2))).toBe(0n)
    expect(subtractOrZero(sat(2), sat(2))).toBe(0n)
  })
})

describe('feerates', () => {
  it.each([-1, 0.5, 2 ** 32, Number.NaN])('%d is none', value => expect(() => feeratePerKw(value)).toThrow(BugError))

  it('give a fee rounded down', () => {
    expect(feeForWeight(feeratePerKw(253), 1000)).toBe(253n)
    expect(feeForWeight(feeratePerKw(253), 999)).toBe(252n)
    expect(feeForWeight(feeratePerKw(2 ** 32 - 1), 4_000_000)).toBe(17_179_869_180_000n)
  })
})
