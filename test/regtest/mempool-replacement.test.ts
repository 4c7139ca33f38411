import { describe, expect, test } from 'vitest'
import { type Tx, txid, txVsize } from '../../src/bitcoin/index.ts'
import type { RegtestChain } from '../../src/regtest/index.ts'
import { fourCoins, split, submitAll, waiting } from './families.ts'
import { coinOf, reasonOf, spend, type TestCoin } from './support.ts'

// Replacement (BIP 125 without the signal), and how long a chain of waiting transactions may get.

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
