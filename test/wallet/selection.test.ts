import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { feeratePerKw, fromHex, outPointKey, type Sat, sat } from '../../src/base/index.ts'
import { dustLimitSat, P2WPKH_INPUT_WEIGHT } from '../../src/bitcoin/index.ts'
import { branchAndBound } from '../../src/wallet/branchAndBound.ts'
import { paymentFee, paymentWeight } from '../../src/wallet/fees.ts'
import { DEFAULT_WALLET_LIMITS } from '../../src/wallet/limits.ts'
import { type SelectionTerms, type Spendable, selectAll, selectCoins } from '../../src/wallet/selection.ts'
import { foreign, STRANGER } from './bench.ts'

const changeScript = fromHex(`0014${'11'.repeat(20)}`)
const CHANGE_DUST = dustLimitSat(changeScript)
const terms: SelectionTerms = {
  changeScript,
  feeratePerKw: feeratePerKw(1000),
  keepSat: sat(0),
  limits: { ...DEFAULT_WALLET_LIMITS, maxFeePartsPerMillion: 1_000_000 },
}
const coinsOf = (...amounts: readonly (number | bigint)[]): Spendable[] =>
  amounts.map((amount, n) => ({ outpoint: foreign(n + 1), amountSat: sat(amount) }))
const sum = (values: readonly Sat[]): bigint => values.reduce((all, value) => all + value, 0n)
const amountsOf = (coins: readonly Spendable[]) => coins.map(coin => Number(coin.amountSat))
const pay = (amount: number | bigint) => ({ amountSat: sat(amount), script: STRANGER })

describe('branch and bound', () => {
  const bounds = { target: 10n, limit: 12n, maxSteps: 1000 }

  test('finds the smallest sum between target and limit', () => {
    expect(branchAndBound([8n, 7n, 4n, 3n], bounds)).toEqual([1, 3])
    expect(branchAndBound([8n, 7n, 4n], bounds)).toEqual([1, 2])
    expect(branchAndBound([10n, 7n, 3n], bounds)).toEqual([0])
  })

  test('finds nothing where there is nothing: too little, too much, no values, or no steps', () => {
    expect(branchAndBound([5n, 4n], bounds)).toBeUndefined()
    expect(branchAndBound([20n, 12n], bounds)).toBeUndefined()
    expect(branchAndBound([], bounds)).toBeUndefined()
    expect(branchAndBound([7n, 3n], { ...bounds, maxSteps: 2 })).toBeUndefined()
  })

  test('agrees with trying all subsets', () => {
    const values = fc.array(fc.bigInt(1n, 30n), { maxLength: 9 })
    fc.assert(
      fc.property(values, fc.bigInt(1n, 60n), fc.bigInt(1n, 6n), (unsorted, target, width) => {
        const sorted = unsorted.toSorted((a, b) => Number(b - a))
        const limit = target + width
        const sums = Array.from({ length: 2 ** sorted.length }, (_, mask) =>
          sorted.reduce((all, value, bit) => (mask & (1 << bit) ? all + value : all), 0n),
        ).filter(each => each >= target && each < limit)
        const found = branchAndBound(sorted, { target, limit, maxSteps: 100_000 })
        const least = sums.reduce<bigint | undefined>((a, b) => (a === undefined || b < a ? b : a), undefined)
        expect(found?.reduce((all, index) => all + (sorted[index] ?? 0n), 0n)).toBe(least)
        expect(new Set(found).size).toBe(found?.length ?? 0)
      }),
      { numRuns: 300 },
    )
  })
})

describe('what pays', () => {
  const feeOf = (inputs: number, outputs: number) =>
    Number(paymentFee(terms.feeratePerKw, paymentWeight(inputs, Array(outputs).fill(pay(0)))))

  test('coins that need no change before all others', () => {
    const exact = 30_000 + 20_000 - feeOf(2, 1)
    const selected = selectCoins(coinsOf(90_000, 30_000, 20_000), pay(exact), terms)
    expect(selected).toMatchObject({ ok: true, value: { feeSat: sat(feeOf(2, 1)) } })
    expect(selected.ok && amountsOf(selected.value.coins)).toEqual([30_000, 20_000])
    expect(selected.ok && selected.value.changeSat).toBeUndefined()
  })

  test('else the smallest coin that is enough, with the change', () => {
    const selected = selectCoins(coinsOf(90_000, 70_000, 20_000), pay(50_000), terms)
    expect(selected).toMatchObject({ ok: true, value: { changeSat: 70_000n - 50_000n - BigInt(feeOf(1, 2)) } })
    expect(selected.ok && amountsOf(selected.value.coins)).toEqual([70_000])
  })

  test('else the largest coins together', () => {
    const selected = selectCoins(coinsOf(20_000, 50_000, 30_000, 40_000), pay(80_000), terms)
    expect(selected.ok && amountsOf(selected.value.coins)).toEqual([50_000, 40_000])
  })

  test('change of exactly the dust limit is made, a satoshi less goes to the fee', () => {
    const amount = 50_000
    const enough = amount + feeOf(1, 2) + Number(CHANGE_DUST)
    const exact = selectCoins(coinsOf(enough), pay(amount), terms)
    expect(exact).toMatchObject({ ok: true, value: { changeSat: CHANGE_DUST, feeSat: sat(feeOf(1, 2)) } })
    const less = selectCoins(coinsOf(enough - 1), pay(amount), terms)
    expect(less.ok && less.value.changeSat).toBeUndefined()
    expect(less).toMatchObject({ ok: true, value: { feeSat: sat(feeOf(1, 2)) + CHANGE_DUST - 1n } })
  })

  test('coins of exactly amount and fee are enough, a satoshi less is not', () => {
    expect(selectCoins(coinsOf(50_000 + feeOf(1, 1)), pay(50_000), terms).ok).toBe(true)
    expect(selectCoins(coinsOf(50_000 + feeOf(1, 1) - 1), pay(50_000), terms)).toMatchObject({
      error: { code: 'insufficient_funds' },
    })
  })

  test('no coin that costs more than it brings', () => {
    const cost = P2WPKH_INPUT_WEIGHT
    expect(selectCoins(coinsOf(...Array(100).fill(cost)), pay(1000), terms)).toMatchObject({
      error: { code: 'insufficient_funds', got: '0 sat in 0 coins that can be spent at this feerate' },
    })
  })

  test('no more inputs than allowed', () => {
    const limits = { ...terms.limits, maxInputs: 2 }
    const coins = coinsOf(10_000, 10_000, 10_000)
    expect(selectCoins(coins, pay(25_000), terms).ok).toBe(true)
    expect(selectCoins(coins, pay(25_000), { ...terms, limits })).toMatchObject({
      error: { code: 'insufficient_funds' },
    })
    const exact = pay(30_000 - feeOf(3, 1))
    expect(selectCoins(coins, exact, { ...terms, limits })).toMatchObject({ error: { code: 'insufficient_funds' } })
  })

  test('no dust', () => {
    expect(selectCoins(coinsOf(50_000), pay(293), terms)).toMatchObject({ error: { code: 'dust' } })
    const cheap = { ...terms, feeratePerKw: feeratePerKw(253) }
    expect(selectCoins(coinsOf(50_000), pay(294), cheap).ok).toBe(true)
    const opReturn = { amountSat: sat(0), script: fromHex('6a0100') }
    expect(selectCoins(coinsOf(50_000), opReturn, terms)).toMatchObject({ error: { code: 'dust' } })
  })

  test('no fee above the named part of what is paid', () => {
    const limits = { ...terms.limits, maxFeePartsPerMillion: 10_000 }
    const most = feeOf(1, 2) * 100
    expect(selectCoins(coinsOf(1_000_000), pay(most), { ...terms, limits }).ok).toBe(true)
    const refused = selectCoins(coinsOf(1_000_000), pay(most - 1), { ...terms, limits })
    expect(refused).toMatchObject({ error: { code: 'fee_too_high' } })
    expect(selectAll(coinsOf(5_000), STRANGER, { ...terms, limits })).toMatchObject({ error: { code: 'fee_too_high' } })
  })

  test('no less kept than asked for, to the satoshi', () => {
    const keep = 1_000_000 - 400_000 - feeOf(1, 2)
    expect(selectCoins(coinsOf(1_000_000), pay(400_000), { ...terms, keepSat: sat(keep) }).ok).toBe(true)
    expect(selectCoins(coinsOf(1_000_000), pay(400_000), { ...terms, keepSat: sat(keep + 1) })).toMatchObject({
      error: { code: 'reserve' },
    })
  })

  test('everything: one output, or the reserve as change where the coins left out do not cover it', () => {
    const coins = coinsOf(50_000, 30_000, 100)
    const all = selectAll(coins, STRANGER, terms)
    expect(all).toMatchObject({ ok: true, value: { outputs: [pay(80_000 - feeOf(2, 1))], feeSat: sat(feeOf(2, 1)) } })
    const keepSat = sat(10_000)
    expect(selectAll(coins, STRANGER, { ...terms, keepSat })).toMatchObject({
      value: { outputs: [pay(70_000 - feeOf(2, 2))], changeSat: keepSat },
    })
    expect(selectAll(coins, STRANGER, { ...terms, keepSat: sat(1) })).toMatchObject({
      value: { changeSat: CHANGE_DUST },
    })
    const limits = { ...terms.limits, maxInputs: 1 }
    const leaving = selectAll(coins, STRANGER, { ...terms, keepSat, limits })
    expect(leaving).toMatchObject({ value: { outputs: [pay(50_000 - feeOf(1, 1))] } })
    expect(selectAll(coinsOf(700), STRANGER, terms)).toMatchObject({ error: { code: 'insufficient_funds' } })
    expect(selectAll([], STRANGER, terms)).toMatchObject({ error: { code: 'insufficient_funds' } })
  })
})

describe('for any coins', () => {
  const anyCoins = fc.array(fc.integer({ min: 1, max: 200_000 }), { maxLength: 25 }).map(amounts => coinsOf(...amounts))
  const anyTerms = fc
    .record({
      rate: fc.integer({ min: 253, max: 30_000 }),
      keep: fc.integer({ min: 0, max: 50_000 }),
      share: fc.integer({ min: 0, max: 1_000_000 }),
    })
    .map(({ rate, keep, share }) => ({
      ...terms,
      feeratePerKw: feeratePerKw(rate),
      keepSat: sat(keep),
      limits: { ...terms.limits, maxFeePartsPerMillion: share },
    }))
  const anyAmount = fc.oneof(fc.integer({ min: 294, max: 500_000 }).map(sat), fc.constant('all' as const))

  test('inputs are outputs, change and fee; the fee is that of the weight; what is kept is kept; the order is no matter', () => {
    fc.assert(
      fc.property(anyCoins, anyTerms, anyAmount, fc.infiniteStream(fc.nat()), (coins, some, amount, order) => {
        const select = (from: readonly Spendable[]) =>
          amount === 'all' ? selectAll(from, STRANGER, some) : selectCoins(from, pay(amount), some)
        const shuffled = coins.map(coin => ({ coin, rank: order.next().value })).sort((a, b) => a.rank - b.rank)
        const selected = select(coins)
        expect(select(shuffled.map(({ coin }) => coin))).toEqual(selected)
        if (!selected.ok) return
        const { coins: chosen, outputs, changeSat, feeSat } = selected.value
        const held = sum(chosen.map(coin => coin.amountSat))
        const paid = sum(outputs.map(output => output.amountSat))
        expect(held).toBe(paid + (changeSat ?? 0n) + feeSat)
        expect(new Set(chosen.map(coin => outPointKey(coin.outpoint))).size).toBe(chosen.length)
        for (const coin of chosen) expect(coins).toContain(coin)
        const change = changeSat === undefined ? [] : [{ amountSat: changeSat, script: changeScript }]
        const exact = paymentFee(some.feeratePerKw, paymentWeight(chosen.length, [...outputs, ...change]))
        expect(feeSat >= exact).toBe(true)
        if (changeSat === undefined) {
          const withChange = paymentWeight(chosen.length, [...outputs, pay(0)])
          if (amount !== 'all') expect(feeSat < paymentFee(some.feeratePerKw, withChange) + CHANGE_DUST).toBe(true)
        } else {
          expect(feeSat).toBe(exact)
          expect(changeSat >= CHANGE_DUST).toBe(true)
        }
        expect(feeSat * 1_000_000n <= paid * BigInt(some.limits.maxFeePartsPerMillion)).toBe(true)
        expect(sum(coins.map(coin => coin.amountSat)) - paid - feeSat >= some.keepSat).toBe(true)
      }),
      { numRuns: 400 },
    )
  })
})
