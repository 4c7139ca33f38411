import { expect, test } from 'vitest'
import { type Tx, txid, txWeight } from '../../src/bitcoin/index.ts'
import { fourCoins, out, split, submitAll, waiting } from './families.ts'
import { COIN_SAT, coinOf, input, reasonOf, sign, spend, type TestCoin } from './support.ts'

// What a miner takes.

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
