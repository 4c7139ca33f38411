import { describe, expect, test } from 'vitest'
import { sat, type Txid } from '../../src/base/index.ts'
import { p2aScript, type Tx, type TxOut, txid, txVsize, txWeight } from '../../src/bitcoin/index.ts'
import type { RegtestChain } from '../../src/regtest/index.ts'
import { chunksOf, improvesDiagram } from '../../src/regtest/mempool/diagram.ts'
import { alice, COIN_SAT, coinOf, input, reasonOf, sign, spend, type TestCoin, testBeds, value } from './support.ts'

// Replacement (BIP 125, full), chain limits, TRUC (BIP 431), ephemeral dust and packages.

const bed = testBeds()
const out = (amountSat: bigint, script = alice.script): TxOut => ({ amountSat: sat(amountSat), script })

/** `count` equal outputs that use up the coins but for the fee. */
function split(coins: readonly TestCoin[], count: number, feeSat = 2000, fields: Parameters<typeof spend>[1] = {}): Tx {
  const total = coins.reduce((sum, coin) => sum + coin.amountSat, 0n) - BigInt(feeSat)
  const outputs = Array.from({ length: count }, () => out(total / BigInt(count)))
  return spend(coins, { ...fields, outputs })
}

const submitAll = (chain: RegtestChain, ...txs: readonly Tx[]) => txs.map(tx => value(chain.submit(tx)))
const waiting = (chain: RegtestChain): readonly Txid[] => chain.mempool().map(entry => entry.txid)

function fourCoins(options?: Parameters<typeof bed>[0]) {
  const { chain, coins } = bed(options)
  return { chain, coins: coins as readonly [TestCoin, TestCoin, TestCoin, TestCoin, ...TestCoin[]] }
}

describe('replacement', () => {
  test('a higher feerate and enough for its own relay', () => {
    const { chain, coins } = fourCoins()
    const old = spend([coins[0]], { feeSat: 1000 })
    const size = BigInt(txVsize(old))
    submitAll(chain, old)
    expect(reasonOf(chain.submit(spend([coins[0]], { feeSat: 999 })))).toBe('insufficient fee')
    expect(reasonOf(chain.submit(spend([coins[0]], { feeSat: 1000, to: coins[1].script, locktime: 1 })))).toBe(
      'insufficient fee',
    )
    const almost = Number(1000n + size - 1n)
    expect(reasonOf(chain.submit(spend([coins[0]], { feeSat: almost })))).toBe('insufficient fee')
    expect(waiting(chain)).toEqual([txid(old)])
    const next = spend([coins[0]], { feeSat: almost + 1 })
    expect(submitAll(chain, next)).toEqual(waiting(chain))
  })

  test('more fee at the same feerate is not enough, at a better one it is', () => {
    const { chain, coins } = fourCoins()
    const old = spend([coins[0]], { feeSat: 1100 })
    submitAll(chain, old)
    const larger = (feeSat: number) => split([coins[0]], 2, feeSat)
    expect([txVsize(old), txVsize(larger(1410))]).toEqual([110, 141])
    expect(reasonOf(chain.submit(larger(1410)))).toBe('insufficient fee')
    expect(reasonOf(chain.submit(larger(1412)))).toBe('accepted')
  })

  test('no signal is needed, unless the policy asks for one', () => {
    const final = { feeSat: 1000, sequence: 0xffffffff }
    const open = fourCoins()
    submitAll(open.chain, spend([open.coins[0]], final))
    expect(reasonOf(open.chain.submit(spend([open.coins[0]], { feeSat: 5000 })))).toBe('accepted')

    const strict = fourCoins({ policy: { fullReplaceByFee: false } })
    const [a, b, c] = strict.coins
    submitAll(strict.chain, spend([a], final), spend([b]), spend([c], { ...final, version: 3 }))
    expect(reasonOf(strict.chain.submit(spend([a], { feeSat: 5000 })))).toBe('txn-mempool-conflict')
    expect(reasonOf(strict.chain.submit(spend([b], { feeSat: 5000 })))).toBe('accepted')
    expect(reasonOf(strict.chain.submit(spend([c], { feeSat: 5000, version: 3 })))).toBe('accepted')
  })

  test('all that is evicted is paid for, descendants too', () => {
    const { chain, coins } = fourCoins()
    const parent = spend([coins[0]], { feeSat: 300 })
    const child = spend([coinOf(parent)], { feeSat: 8000 })
    submitAll(chain, parent, child)
    expect(reasonOf(chain.submit(spend([coins[0]], { feeSat: 8200 })))).toBe('insufficient fee')
    const winner = spend([coins[0]], { feeSat: 8500 })
    submitAll(chain, winner)
    expect(waiting(chain)).toEqual([txid(winner)])
    expect(chain.transaction(txid(child))).toBeUndefined()
  })

  test('no unconfirmed input that the replaced ones did not have', () => {
    const { chain, coins } = fourCoins()
    const other = spend([coins[1]])
    const old = spend([coins[0]])
    submitAll(chain, other, old)
    const greedy = spend([coins[0], coinOf(other)], { feeSat: 20_000 })
    expect(reasonOf(chain.submit(greedy))).toBe('replacement-adds-unconfirmed')
    const patient = spend([coins[0], coins[2]], { feeSat: 20_000 })
    expect(reasonOf(chain.submit(patient))).toBe('accepted')
  })

  test('an input of the same unconfirmed parent may be added', () => {
    const { chain, coins } = fourCoins()
    const parent = split([coins[0]], 2)
    const old = spend([coinOf(parent, 0)])
    submitAll(chain, parent, old)
    expect(reasonOf(chain.submit(spend([coinOf(parent, 0), coinOf(parent, 1)], { feeSat: 5000 })))).toBe('accepted')
  })

  test('not what it spends itself', () => {
    const { chain, coins } = fourCoins()
    const old = spend([coins[0]])
    submitAll(chain, old)
    const both = spend([coins[0], coinOf(old)], { feeSat: 20_000 })
    expect(reasonOf(chain.submit(both))).toBe('bad-txns-spends-conflicting-tx')
  })

  test('at most 100 evictions', () => {
    const { chain, coins } = fourCoins()
    // Five families of a parent and twenty children.
    const families = coins.slice(0, 5).map(coin => {
      const parent = split([coin], 20)
      submitAll(
        chain,
        parent,
        ...Array.from({ length: 20 }, (_, vout) => spend([coinOf(parent, vout)], { feeSat: 200 })),
      )
      return coin
    })
    expect(chain.mempool().length).toBe(105)
    const all = spend(families, { feeSat: 100_000 })
    expect(reasonOf(chain.submit(all))).toBe('too many potential replacements')
    const four = spend(families.slice(0, 4), { feeSat: 100_000 })
    expect(reasonOf(chain.submit(four))).toBe('accepted')
    expect(chain.mempool().length).toBe(22)
  })

  test('listeners hear what goes and what comes', () => {
    const { chain, coins } = fourCoins()
    const heard: string[] = []
    const stop = chain.onMempool(change => heard.push(`${change.type} ${change.txid}`))
    const [old, next] = [spend([coins[0]]), spend([coins[0]], { feeSat: 5000 })]
    submitAll(chain, old, next)
    expect(heard).toEqual([
      `transaction_added ${txid(old)}`,
      `transaction_removed ${txid(old)}`,
      `transaction_added ${txid(next)}`,
    ])
    stop()
    chain.mine(1)
    expect(heard.length).toBe(3)
  })
})

describe('chains of waiting transactions', () => {
  function chainOf(chain: RegtestChain, start: TestCoin, length: number): Tx {
    let tx = spend([start], { feeSat: 200 })
    submitAll(chain, tx)
    for (let i = 1; i < length; i++) {
      tx = spend([coinOf(tx)], { feeSat: 200 })
      submitAll(chain, tx)
    }
    return tx
  }

  test('25 ancestors, itself included', () => {
    const { chain, coins } = fourCoins()
    const last = chainOf(chain, coins[0], 25)
    expect(reasonOf(chain.submit(spend([coinOf(last)])))).toBe('too-long-mempool-chain')
    chain.mine(1)
    expect(chain.mempool()).toEqual([])
    expect(reasonOf(chain.submit(spend([coinOf(last)])))).toBe('accepted')
  })

  test('25 descendants, and one more for a small transaction with that parent only', () => {
    const { chain, coins } = fourCoins()
    const parent = split([coins[0]], 30, 4000)
    const children = Array.from({ length: 24 }, (_, vout) => spend([coinOf(parent, vout)], { feeSat: 200 }))
    submitAll(chain, parent, ...children)
    const large = split([coinOf(parent, 24), coins[1]], 330, 15_000)
    expect(txVsize(large)).toBeGreaterThan(10_000)
    expect(reasonOf(chain.submit(large))).toBe('too-long-mempool-chain')
    expect(reasonOf(chain.submit(spend([coinOf(parent, 24)], { version: 3 })))).toBe('TRUC-violation')
    const carveOut = spend([coinOf(parent, 24)])
    expect(reasonOf(chain.submit(carveOut))).toBe('accepted')
    expect(reasonOf(chain.submit(spend([coinOf(parent, 25)])))).toBe('too-long-mempool-chain')
    // It takes the place of one child, so that there are no more than before.
    expect(reasonOf(chain.submit(spend([coinOf(parent, 0)], { feeSat: 5000 })))).toBe('accepted')
  })

  test('no carve-out for a transaction with two unconfirmed parents, nor for a grandchild', () => {
    const { chain, coins } = fourCoins()
    const parent = split([coins[0]], 30, 4000)
    const other = spend([coins[1]])
    const children = Array.from({ length: 24 }, (_, vout) => spend([coinOf(parent, vout)], { feeSat: 200 }))
    submitAll(chain, parent, other, ...children)
    expect(reasonOf(chain.submit(spend([coinOf(parent, 24), coinOf(other)])))).toBe('too-long-mempool-chain')
    expect(reasonOf(chain.submit(spend([coinOf(children[0] as Tx)])))).toBe('too-long-mempool-chain')
  })

  test('size of ancestors and of descendants', () => {
    const limits = { maxAncestorVsize: 400, maxDescendantVsize: 1000 }
    const { chain, coins } = fourCoins({ policy: { ...limits } })
    const a = spend([coins[0]])
    const b = spend([coinOf(a)])
    const c = spend([coinOf(b)])
    submitAll(chain, a, b, c)
    expect(reasonOf(chain.submit(spend([coinOf(c)])))).toBe('too-long-mempool-chain')
    const small = fourCoins({ policy: { maxDescendantVsize: 1100 } })
    const parent = split([small.coins[0]], 30, 4000)
    submitAll(small.chain, parent)
    const grand = spend([coinOf(parent, 0)])
    // The carve-out lets the first in although it is too much already; a grandchild has no such right.
    expect(reasonOf(small.chain.submit(grand))).toBe('accepted')
    expect(reasonOf(small.chain.submit(spend([coinOf(grand)])))).toBe('too-long-mempool-chain')
  })
})

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

test('a block takes what pays best, parents with their children', () => {
  const { chain, coins } = fourCoins()
  const low = spend([coins[0]], { feeSat: 200 })
  const middle = spend([coins[1]], { feeSat: 1000 })
  const poorParent = spend([coins[2]], { feeSat: 150 })
  const richChild = spend([coinOf(poorParent)], { feeSat: 9000 })
  // The most fee for one transaction but the child's, and not the most for its size.
  const bulky = split([coins[3]], 20, 3000)
  submitAll(chain, low, bulky, middle, poorParent, richChild)
  const [block] = chain.mine(1)
  expect(block?.transactions.slice(1).map(txid)).toEqual([poorParent, richChild, middle, bulky, low].map(txid))
  const reward = block?.transactions[0]?.outputs[0]?.amountSat
  expect(reward).toBe(5_000_000_000n + 200n + 1000n + 150n + 9000n + 3000n)
})

test('a block that is nearly full leaves out what does not fit', () => {
  const { chain, coins } = fourCoins()
  // Ten transactions of 397,500 weight fit, the eleventh does not.
  const heavy = Array.from({ length: 11 }, (_, i) => split(coins.slice(2 * i, 2 * i + 2), 3200, 150_000 + 1000 * i))
  expect(heavy.reduce((sum, tx) => sum + txWeight(tx), 0)).toBeGreaterThan(4_000_000)
  submitAll(chain, ...heavy)
  const small = spend([coins[25] as TestCoin], { feeSat: 120 })
  submitAll(chain, small)
  const [block] = chain.mine(1)
  const mined = block?.transactions.slice(1).map(txid) ?? []
  expect(mined).toHaveLength(11)
  expect(mined).toContain(txid(small))
  expect(waiting(chain)).toEqual([txid(heavy[0] as Tx)])
})

test('inputs may be signed by their own keys in one transaction', () => {
  const { chain, coins } = fourCoins()
  const unsigned: Tx = {
    version: 2,
    inputs: [input(coins[0].outpoint), input(coins[1].outpoint)],
    outputs: [out(2n * COIN_SAT - 1000n)],
    locktime: 0,
  }
  expect(reasonOf(chain.submit(unsigned))).toMatch(/^mandatory-script-verify-flag-failed/)
  expect(reasonOf(chain.submit(sign(unsigned, coins.slice(0, 2))))).toBe('accepted')
})
