import { expect, test } from 'vitest'
import { sat } from '../../src/base/index.ts'
import { scriptFromAddress } from '../../src/bitcoin/index.ts'
import { createNode, regtest } from '../../src/node/index.ts'
import { createRegtestChain } from '../../src/regtest/index.ts'

// What a node says that it has on chain.

test('what was mined counts apart until a block may spend it, and is never spent before', async () => {
  const chain = createRegtestChain()
  const node = await createNode({ chain: regtest(chain) })
  const { address } = await node.newAddress()
  const script = scriptFromAddress(address, 'regtest')
  if (!script.ok) throw new Error(script.error.message)
  const until = async (height: number) => {
    for (let i = 0; i < 5_000 && (await node.info()).blockHeight < height; i++) {
      await new Promise(resolve => setImmediate(resolve))
    }
  }
  const [block] = chain.mine(1, { to: script.value })
  const mined = block?.transactions[0]?.outputs[0]?.amountSat
  await until(chain.height)
  expect(await node.balance()).toMatchObject({ onchainConfirmedSat: 0n, onchainImmatureSat: mined })
  await expect(node.send({ address, amountSat: 'all' })).rejects.toMatchObject({ code: 'insufficient_funds' })
  chain.mine(98)
  await until(chain.height)
  expect(await node.balance()).toMatchObject({ onchainConfirmedSat: 0n, onchainImmatureSat: mined })
  await expect(node.send({ address, amountSat: sat(10_000) })).rejects.toMatchObject({ code: 'insufficient_funds' })
  chain.mine(1)
  await until(chain.height)
  expect(await node.balance()).toMatchObject({ onchainConfirmedSat: mined, onchainImmatureSat: 0n })
  expect(await node.send({ address, amountSat: sat(10_000) })).toMatchObject({ txid: expect.any(String) })
  await node.stop()
})
