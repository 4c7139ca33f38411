import { describe, expect, test } from 'vitest'
import { p2aScript, type Tx, txid, txVsize } from '../../src/bitcoin/index.ts'
import { fourCoins, out, split, submitAll, waiting } from './families.ts'
import { COIN_SAT, coinOf, reasonOf, spend, type TestCoin, value } from './support.ts'

// TRUC (BIP 431) and ephemeral dust.

describe('TRUC', () => {
  const truc = { version: 3 }

  test('one parent, one child', () => {
    const { chain, coins } = fourCoins()
    const parent = split([coins[0]], 2, 2000, truc)
    const child = spend([coinOf(parent, 0)], truc)
    submitAll(chain, parent, child)
    expect(reasonOf(chain.submit(spend([coinOf(child)], truc)))).toBe('TRUC-violation')
    const lonely = spend([coins[1]], truc)
    submitAll(chain, lonely)
    expect(reasonOf(chain.submit(spend([coinOf(lonely), coins[2]], truc)))).toBe('accepted')
  })

  test('two waiting parents', () => {
    const { chain, coins } = fourCoins()
    const [a, b] = [spend([coins[0]], truc), spend([coins[1]], truc)]
    submitAll(chain, a, b)
    expect(reasonOf(chain.submit(spend([coinOf(a), coinOf(b)], truc)))).toBe('TRUC-violation')
  })

  test('versions do not mix while they wait, and may once they are confirmed', () => {
    const { chain, coins } = fourCoins()
    const [three, two] = [spend([coins[0]], truc), spend([coins[1]])]
    submitAll(chain, three, two)
    const [onThree, onTwo] = [spend([coinOf(three)]), spend([coinOf(two)], truc)]
    expect(reasonOf(chain.submit(onThree))).toBe('TRUC-violation')
    expect(reasonOf(chain.submit(onTwo))).toBe('TRUC-violation')
    chain.mine(1)
    submitAll(chain, onThree, onTwo)
  })

  test('10,000 virtual bytes, and 1000 for a child', () => {
    const { chain, coins } = fourCoins()
    const sized = (coin: TestCoin, count: number, version: number) => split([coin], count, 15_000, { version })
    const [fits, tooBig] = [sized(coins[0], 319, 3), sized(coins[0], 320, 3)]
    expect([txVsize(fits), txVsize(tooBig)]).toEqual([9970, 10_001])
    expect(reasonOf(chain.submit(tooBig))).toBe('TRUC-violation')
    expect(reasonOf(chain.testAccept(sized(coins[0], 320, 2)))).toBe('accepted')
    submitAll(chain, fits)
    const parent = spend([coins[1]], truc)
    submitAll(chain, parent)
    const [child, bigChild] = [sized(coinOf(parent), 29, 3), sized(coinOf(parent), 30, 3)]
    expect([txVsize(child), txVsize(bigChild)]).toEqual([978, 1009])
    expect(reasonOf(chain.submit(bigChild))).toBe('TRUC-violation')
    submitAll(chain, child)
  })

  test('a sibling is pushed out by replacement rules, though nothing is double spent', () => {
    const { chain, coins } = fourCoins()
    const parent = split([coins[0]], 2, 2000, truc)
    const first = spend([coinOf(parent, 0)], { ...truc, feeSat: 1000 })
    submitAll(chain, parent, first)
    const poor = spend([coinOf(parent, 1)], { ...truc, feeSat: 1001 })
    expect(reasonOf(chain.submit(poor))).toBe('insufficient fee (including sibling eviction)')
    const rich = spend([coinOf(parent, 1)], { ...truc, feeSat: 3000 })
    submitAll(chain, rich)
    expect(waiting(chain)).toEqual([txid(parent), txid(rich)])
  })

  test('a replaced child is no sibling', () => {
    const { chain, coins } = fourCoins()
    const parent = spend([coins[0]], truc)
    submitAll(chain, parent, spend([coinOf(parent)], truc))
    expect(reasonOf(chain.submit(spend([coinOf(parent)], { ...truc, feeSat: 900 })))).toBe('insufficient fee')
    expect(reasonOf(chain.submit(spend([coinOf(parent)], { ...truc, feeSat: 3000 })))).toBe('accepted')
  })
})

describe('ephemeral dust', () => {
  /** A parent with an anchor of no value, as zero-fee commitments have it. */
  function anchored(coin: TestCoin, feeSat = 0n, version = 3): Tx {
    return spend([coin], { version, outputs: [out(COIN_SAT - feeSat), out(0n, p2aScript)] })
  }
  /** Spends the anchor with a coin that pays. */
  function bump(parent: Tx, coin: TestCoin, options: { feeSat?: number; anchor?: boolean; main?: boolean } = {}): Tx {
    const { feeSat = 2000, anchor = true, main = false } = options
    const coins = [coin, ...(anchor ? [coinOf(parent, 1)] : []), ...(main ? [coinOf(parent, 0)] : [])]
    return spend(coins, { version: 3, feeSat })
  }

  test('a parent without fee comes in with a child that takes the dust', () => {
    const { chain, coins } = fourCoins()
    const parent = anchored(coins[0])
    const child = bump(parent, coins[1])
    expect(reasonOf(chain.submit(parent))).toBe('min relay fee not met')
    const { accepted } = value(chain.submitPackage([parent, child]))
    expect(accepted).toEqual([txid(parent), txid(child)])
    const [block] = chain.mine(1)
    expect(block?.transactions.slice(1).map(txid)).toEqual([txid(parent), txid(child)])
    expect(chain.utxo({ txid: txid(parent), vout: 1 })).toBeUndefined()
  })

  test('a parent with dust and a fee', () => {
    const { chain, coins } = fourCoins()
    expect(reasonOf(chain.submit(anchored(coins[0], 2000n)))).toBe('dust')
  })

  test('a child that leaves the dust behind', () => {
    const { chain, coins } = fourCoins()
    const parent = anchored(coins[0])
    const result = chain.submitPackage([parent, bump(parent, coins[1], { anchor: false, main: true })])
    expect(reasonOf(result)).toBe('transaction failed')
    expect(result.ok ? [] : result.error.transactions.map(({ error }) => error.reason)).toContain(
      'missing-ephemeral-spends',
    )
    expect(chain.mempool()).toEqual([])
  })

  test('the child is replaced by one that takes the dust, and not by one that leaves it', () => {
    const { chain, coins } = fourCoins()
    const parent = anchored(coins[0])
    const child = bump(parent, coins[1])
    value(chain.submitPackage([parent, child]))
    const leaving = spend([coins[1], coinOf(parent, 0)], { version: 3, feeSat: 9000 })
    expect(reasonOf(chain.submit(leaving))).toBe('missing-ephemeral-spends')
    expect(reasonOf(chain.submit(bump(parent, coins[1], { feeSat: 9000 })))).toBe('accepted')
  })

  test('a parent without fee is not mined when its child has gone', () => {
    const { chain, coins } = fourCoins()
    const parent = anchored(coins[0])
    const child = bump(parent, coins[1])
    value(chain.submitPackage([parent, child]))
    // The child's other input is spent in a block.
    chain.mine(1, { transactions: [spend([coins[1]], { feeSat: 500 })] })
    expect(waiting(chain)).toEqual([txid(parent)])
    chain.mine(1)
    expect(chain.transaction(txid(parent))?.confirmations).toBe(0)
  })
})
