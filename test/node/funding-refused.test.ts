import { expect, test } from 'vitest'
import { feeratePerKw, sat } from '../../src/base/index.ts'
import { type Chain, ChainError } from '../../src/ports/index.ts'
import { fundedPair } from './openPair.ts'

// A funding transaction is shown to the chain before the peer hears of it: a channel that waits for what no mempool takes would wait for good.

async function opener(ofAlice: Partial<Chain> = {}) {
  const { alice, chain, peer } = await fundedPair(ofAlice)
  const open = (perKw: number) =>
    alice.openChannel({ peer, capacitySat: sat(500_000n), feeratePerKw: feeratePerKw(perKw) })
  return { alice, chain, open }
}

test('whoever asks hears why, keeps the coins, and may try with a higher fee', async () => {
  const { alice, chain, open } = await opener()
  chain.setMempoolMinFee(20_000n)
  const before = (await alice.balance()).onchainConfirmedSat
  await expect(open(1_000)).rejects.toMatchObject({
    message: expect.stringContaining('the chain does not take the funding transaction: mempool min fee not met'),
  })
  expect(await alice.channels()).toEqual([])
  expect((await alice.balance()).onchainConfirmedSat).toBe(before)
  const { fundingTxid } = await open(10_000)
  expect(chain.mempool().map(({ txid }) => txid)).toEqual([fundingTxid])
})

test('a chain that cannot be asked just now keeps no channel from being opened', async () => {
  let asked = 0
  const { chain, open } = await opener({
    testAccept: () => {
      asked += 1
      return Promise.reject(new ChainError('unreachable', 'Nobody answers.'))
    },
  })
  const { fundingTxid } = await open(1_000)
  expect(asked).toBe(1)
  expect(chain.mempool().map(({ txid }) => txid)).toEqual([fundingTxid])
})
