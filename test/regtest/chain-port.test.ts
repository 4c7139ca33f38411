import { expect, test } from 'vitest'
import { defined } from '../../src/base/index.ts'
import { txid } from '../../src/bitcoin/index.ts'
import { chainPort } from '../../src/regtest/index.ts'
import { chainSuite } from '../chain/chainSuite.ts'
import { spend, testBeds, value } from './support.ts'

// The embedded chain behind the port that nodes see.

const bed = testBeds()

chainSuite('the embedded chain', async () => {
  const { chain: world, coins } = bed()
  return { chain: chainPort(world), world, coins }
})

test('two views share the chain, and the end of one is not the end of the other', async () => {
  const { chain, coins } = bed()
  const [one, other] = [chainPort(chain), chainPort(chain)]
  let calls = 0
  other.onChange(() => {
    calls += 1
  })
  const tx = spend([defined(coins[0], 'the test bed has coins')])
  value(await one.publish(tx))
  await one.close()
  expect(value(await other.publish(tx))).toBe(txid(tx))
  chain.mine(1)
  expect(calls).toBe(1)
  expect(await other.tip()).toStrictEqual({ height: chain.height, hash: chain.tip.hash })
})

test('the feerate is twice what the policy relays, rounded up to the unit of weight', async () => {
  const { chain } = bed({ policy: { minRelayFeeSatPerKvB: 101n } })
  expect(await chainPort(chain).feerate(6)).toBe(51)
})

test('a reorganisation tells once for every block, and each time the new tip is there', async () => {
  const { chain } = bed()
  const port = chainPort(chain)
  const tips: Promise<unknown>[] = []
  const stop = port.onChange(() => tips.push(port.tip()))
  value(chain.reorganize({ depth: 2 }))
  stop()
  chain.mine(1)
  expect(new Set((await Promise.all(tips)).map(tip => JSON.stringify(tip))).size).toBe(1)
  expect(tips).toHaveLength(5)
})
