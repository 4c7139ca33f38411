import { expect, test } from 'vitest'
import { txid } from '../../src/bitcoin/index.ts'
import { chainPort } from '../../src/regtest/index.ts'
import { coinOf, reasonOf, spend, type TestCoin, testBeds, value } from './support.ts'

// The embedded chain behind the port that nodes see.

const bed = testBeds()

test('publishing: taken, known already, refused', async () => {
  const { chain, coins } = bed()
  const port = chainPort(chain)
  const tx = spend([coins[0] as TestCoin])
  expect(value(await port.publish(tx))).toBe(txid(tx))
  expect(value(await port.publish(tx))).toBe(txid(tx))
  chain.mine(1)
  expect(value(await port.publish(tx))).toBe(txid(tx))
  const refused = await port.publish(spend([coins[0] as TestCoin], { feeSat: 5000 }))
  expect(reasonOf(refused)).toBe('bad-txns-inputs-missingorspent')
  expect(refused.ok ? '' : refused.error.details).not.toBe('')
})

test('spenders are told when they are confirmed', async () => {
  const { chain, coins } = bed()
  const port = chainPort(chain)
  const coin = coins[0] as TestCoin
  const tx = spend([coin])
  expect(await port.spender(coin.outpoint)).toBeUndefined()
  value(chain.submit(tx))
  expect(await port.spender(coin.outpoint)).toBeUndefined()
  chain.mine(1)
  expect(await port.spender(coin.outpoint)).toEqual({ tx, height: port.height() })
  expect(await port.spender(coinOf(tx).outpoint)).toBeUndefined()
})

test('changes of the best chain, in order, until it is stopped', () => {
  const { chain } = bed()
  const port = chainPort(chain)
  const heard: string[] = []
  const stop = port.subscribe(({ type, block }) => heard.push(`${type} ${block.height} ${block.transactions.length}`))
  const start = port.height()
  chain.mine(1)
  value(chain.reorganize({ depth: 1 }))
  stop()
  chain.mine(1)
  expect(heard).toEqual([
    `connected ${start + 1} 1`,
    `disconnected ${start + 1} 1`,
    `connected ${start + 1} 1`,
    `connected ${start + 2} 1`,
  ])
})

test('transactions are told when they are confirmed, with the height of their block', async () => {
  const { chain, coins } = bed()
  const port = chainPort(chain)
  const tx = spend([coins[0] as TestCoin])
  expect(await port.confirmed(txid(tx))).toBeUndefined()
  value(chain.submit(tx))
  expect(await port.confirmed(txid(tx))).toBeUndefined()
  chain.mine(1)
  const height = port.height()
  expect(await port.confirmed(txid(tx))).toEqual({ tx, height })
})
