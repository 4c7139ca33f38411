import { describe, expect, test } from 'vitest'
import { type Tx, txid, txWeight } from '../../src/bitcoin/index.ts'
import { chunksOf, improvesDiagram } from '../../src/regtest/mempool/diagram.ts'
import { fourCoins, split, submitAll, waiting } from './families.ts'
import { coinOf, reasonOf, spend, type TestCoin, value } from './support.ts'

// Packages: a child that pays for its parents, and for what they push out.

describe('packages', () => {
  const truc = { version: 3 }

  test('a child pays for a TRUC parent below the relay fee', () => {
    const { chain, coins } = fourCoins()
    const parent = spend([coins[0]], { ...truc, feeSat: 0 })
    const poor = spend([coinOf(parent)], { ...truc, feeSat: 150 })
    const refused = chain.submitPackage([parent, poor])
    expect(reasonOf(refused)).toBe('transaction failed')
    expect(refused.ok ? [] : refused.error.transactions.map(({ error }) => error.reason)).toEqual([
      'min relay fee not met',
      'min relay fee not met',
    ])
    const rich = spend([coinOf(parent)], { ...truc, feeSat: 500 })
    expect(value(chain.submitPackage([parent, rich])).accepted).toEqual([txid(parent), txid(rich)])
  })

  test('other versions pay the relay fee themselves, and a child can pay what a full mempool asks', () => {
    const { chain, coins } = fourCoins()
    const free = spend([coins[0]], { feeSat: 0 })
    const refused = chain.submitPackage([free, spend([coinOf(free)], { feeSat: 5000 })])
    expect(reasonOf(refused)).toBe('transaction failed')
    chain.setMempoolMinFee(3000n)
    const low = spend([coins[0]], { feeSat: 200 })
    expect(reasonOf(chain.submit(low))).toBe('mempool min fee not met')
    expect(reasonOf(chain.submitPackage([low, spend([coinOf(low)], { feeSat: 300 })]))).toBe('transaction failed')
    expect(reasonOf(chain.submitPackage([low, spend([coinOf(low)], { feeSat: 2000 })]))).toBe('accepted')
  })

  test('what can come in alone does, and stays when the rest is refused', () => {
    const { chain, coins } = fourCoins()
    const parent = spend([coins[0]])
    const child = spend([coinOf(parent)], { feeSat: 10 })
    const result = chain.submitPackage([parent, child])
    expect(reasonOf(result)).toBe('transaction failed')
    expect(result.ok ? [] : result.error.accepted).toEqual([txid(parent)])
    expect(result.ok ? [] : result.error.transactions.map(({ txid: id }) => id)).toEqual([txid(child)])
    expect(waiting(chain)).toEqual([txid(parent)])
    const better = spend([coinOf(parent)], { feeSat: 500 })
    expect(value(chain.submitPackage([parent, better])).accepted).toEqual([txid(better)])
    expect(value(chain.submitPackage([parent, better])).accepted).toEqual([])
  })

  test('a fault that no child can mend ends it at once', () => {
    const { chain, coins } = fourCoins()
    const parent = spend([coins[0]], { version: 4 })
    const result = chain.submitPackage([parent, spend([coinOf(parent)])])
    expect(result.ok ? '' : result.error.details).toMatch(/^version: /)
  })

  test('scripts are judged in packages too', () => {
    const { chain, coins } = fourCoins()
    const parent = spend([coins[0]], { ...truc, feeSat: 0 })
    const bad = { ...spend([coinOf(parent)], { ...truc, feeSat: 5000 }), locktime: 1 }
    const result = chain.submitPackage([parent, bad])
    expect(result.ok ? '' : result.error.details).toMatch(/^mandatory-script-verify-flag-failed/)
    expect(chain.mempool()).toEqual([])
  })

  test('shape', () => {
    const { chain, coins } = fourCoins()
    const [a, b] = [spend([coins[0]]), spend([coins[1]])]
    const child = spend([coinOf(a), coinOf(b)])
    const shape = (...txs: Tx[]) => reasonOf(chain.submitPackage(txs))
    expect(shape()).toBe('package-too-many-transactions')
    expect(shape(...Array.from({ length: 26 }, () => a))).toBe('package-too-many-transactions')
    expect(shape(a, a)).toBe('package-contains-duplicates')
    expect(shape(child, a)).toBe('package-not-sorted')
    expect(shape(a, spend([coins[0]], { feeSat: 2000 }))).toBe('conflict-in-package')
    expect(shape(a, b)).toBe('package-not-child-with-parents')
    const heavy = split([coins[2]], 2800, 100_000)
    expect(txWeight(heavy)).toBeLessThan(400_000)
    const onHeavy = split([coinOf(heavy), coins[3]], 600, 40_000)
    expect(shape(heavy, onHeavy)).toBe('package-too-large')
    expect(shape(a, b, child)).toBe('accepted')
  })

  test('several parents that need the child', () => {
    const { chain, coins } = fourCoins()
    chain.setMempoolMinFee(3000n)
    const parents = coins.slice(0, 3).map(coin => spend([coin], { feeSat: 200 }))
    const child = spend(
      parents.map(parent => coinOf(parent)),
      { feeSat: 6000 },
    )
    expect(value(chain.submitPackage([...parents, child])).accepted.length).toBe(4)
  })

  test('limits count the whole package', () => {
    const { chain, coins } = fourCoins({ policy: { maxAncestors: 3 } })
    chain.setMempoolMinFee(3000n)
    const parents = coins.slice(0, 3).map(coin => spend([coin], { feeSat: 200 }))
    const child = spend(
      parents.map(parent => coinOf(parent)),
      { feeSat: 6000 },
    )
    expect(reasonOf(chain.submitPackage([...parents, child]))).toBe('package-mempool-limits')
    const pair = spend(
      parents.slice(0, 2).map(parent => coinOf(parent)),
      { feeSat: 6000 },
    )
    expect(reasonOf(chain.submitPackage([...parents.slice(0, 2), pair]))).toBe('accepted')
  })

  test('a package pushes out no sibling', () => {
    const { chain, coins } = fourCoins()
    const top = split([coins[0]], 2, 2000, truc)
    submitAll(chain, top, spend([coinOf(top, 0)], truc))
    const parent = spend([coinOf(top, 1)], { ...truc, feeSat: 0 })
    const result = chain.submitPackage([parent, spend([coinOf(parent)], { ...truc, feeSat: 5000 })])
    expect(result.ok ? '' : result.error.details).toMatch(/^TRUC-violation: .*would exceed descendant count limit$/)
    expect(chain.mempool().length).toBe(2)
  })

  test('a TRUC parent with a waiting parent of its own makes one ancestor too many', () => {
    const { chain, coins } = fourCoins()
    const top = spend([coins[0]], truc)
    submitAll(chain, top)
    const parent = spend([coinOf(top)], { ...truc, feeSat: 0 })
    const child = spend([coinOf(parent)], { ...truc, feeSat: 5000 })
    const result = chain.submitPackage([parent, child])
    expect(result.ok ? '' : result.error.details).toMatch(/^TRUC-violation/)
  })
})

describe('replacement by a package', () => {
  const truc = { version: 3 }
  /** A parent without fee that double spends, and a child that pays. */
  function pair(coin: TestCoin, feeSat: number): readonly [Tx, Tx] {
    const parent = spend([coin], { ...truc, feeSat: 0, locktime: 1 })
    return [parent, spend([coinOf(parent)], { ...truc, feeSat })]
  }

  test('a commitment and its bump push out another commitment and its bump', () => {
    const { chain, coins } = fourCoins()
    const old = spend([coins[0]], { ...truc, feeSat: 0 })
    const oldBump = spend([coinOf(old)], { ...truc, feeSat: 1000 })
    value(chain.submitPackage([old, oldBump]))
    expect(reasonOf(chain.submitPackage(pair(coins[0], 1100)))).toBe('package RBF failed: insufficient anti-DoS fees')
    const next = pair(coins[0], 2000)
    const { accepted, evicted } = value(chain.submitPackage(next))
    expect(accepted).toEqual(next.map(txid))
    expect([...evicted].sort()).toEqual([txid(old), txid(oldBump)].sort())
    expect(waiting(chain)).toEqual(next.map(txid))
  })

  test('the miner is better off for every size, or it is refused', () => {
    const { chain, coins } = fourCoins()
    // Small and well paid: the package pays more in all, but less for its first bytes.
    submitAll(chain, spend([coins[0]], { feeSat: 5000 }))
    const parent = spend([coins[0]], { ...truc, feeSat: 0, locktime: 1 })
    const child = split([coinOf(parent)], 25, 6500, truc)
    expect(reasonOf(chain.submitPackage([parent, child]))).toBe(
      'package RBF failed: insufficient feerate: does not improve feerate diagram',
    )
    expect(reasonOf(chain.submitPackage(pair(coins[0], 12_000)))).toBe('accepted')
  })

  test('only clusters of one or two, whatever is paid', () => {
    const { chain, coins } = fourCoins()
    const a = spend([coins[0]], { feeSat: 300 })
    const b = spend([coinOf(a)], { feeSat: 300 })
    submitAll(chain, a, b, spend([coinOf(b)], { feeSat: 300 }))
    expect(reasonOf(chain.submitPackage(pair(coins[0], 50_000)))).toBe(
      'package RBF failed: replaced clusters must be of one or two transactions',
    )
  })

  test('one parent, one child, and nothing waiting below', () => {
    const { chain, coins } = fourCoins()
    const other = spend([coins[1]])
    submitAll(chain, other, spend([coins[0]], { feeSat: 2000 }))
    // Better than what it replaces, but it does not pay for its own relay: the child has to help.
    const parent = spend([coins[0]], { feeSat: 2050, locktime: 1 })
    expect(reasonOf(chain.submit(parent))).toBe('insufficient fee')
    const resting = spend([coinOf(parent), coinOf(other)], { feeSat: 50_000 })
    expect(reasonOf(chain.submitPackage([parent, resting]))).toBe(
      'package RBF failed: new transaction cannot have mempool ancestors',
    )
    chain.setMempoolMinFee(3000n)
    const second = spend([coins[2]], { feeSat: 200 })
    const child = spend([coinOf(parent), coinOf(second)], { feeSat: 50_000 })
    expect(reasonOf(chain.submitPackage([parent, second, child]))).toBe(
      'package RBF failed: package must be 1-parent-1-child',
    )
    expect(reasonOf(chain.submitPackage([parent, spend([coinOf(parent)], { feeSat: 50_000 })]))).toBe('accepted')
  })

  test('the child has to lift the parent', () => {
    const { chain, coins } = fourCoins()
    submitAll(chain, spend([coins[0]], { feeSat: 2000 }))
    // Enough for what it replaces, but not for its own relay on top.
    const parent = spend([coins[0]], { feeSat: 2100, locktime: 1 })
    const child = split([coinOf(parent)], 5, 300)
    expect(reasonOf(chain.submitPackage([parent, child]))).toBe(
      'package RBF failed: package feerate is less than or equal to parent feerate',
    )
  })
})

describe('feerate diagrams', () => {
  const chunk = (feeSat: number, vsize: number) => ({ feeSat: BigInt(feeSat), vsize })

  test('a parent and a child are one chunk when the child pays better', () => {
    expect(chunksOf(chunk(100, 100), undefined)).toEqual([chunk(100, 100)])
    expect(chunksOf(chunk(100, 100), chunk(50, 100))).toEqual([chunk(100, 100), chunk(50, 100)])
    expect(chunksOf(chunk(0, 100), chunk(500, 100))).toEqual([chunk(500, 200)])
  })

  test('better everywhere, equal, crossing', () => {
    const old = [chunk(500, 100), chunk(100, 100)]
    expect(improvesDiagram(old, [chunk(600, 100), chunk(100, 100)])).toBe(true)
    expect(improvesDiagram(old, old)).toBe(false)
    expect(improvesDiagram(old, [chunk(700, 200)])).toBe(false)
    expect(improvesDiagram(old, [chunk(1000, 200)])).toBe(true)
    expect(improvesDiagram([], [chunk(1, 1)])).toBe(true)
    expect(improvesDiagram([chunk(1, 1)], [])).toBe(false)
  })
})
