import { afterEach } from 'vitest'
import { bitcoindChain } from '../../src/chain/index.ts'
import { startRpc } from '../regtest/rpcClient.ts'
import { testBeds } from '../regtest/support.ts'
import { chainSuite } from './chainSuite.ts'
import { urlOf } from './stubBitcoind.ts'

const bed = testBeds()
const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

chainSuite('bitcoind, over the RPC of the embedded chain', async () => {
  const { chain: world, coins } = bed()
  const server = await startRpc({ chain: world })
  cleanups.push(server.close)
  const chain = await bitcoindChain({ url: urlOf(server.port), network: 'regtest', pollMs: 5 })
  cleanups.push(() => chain.close())
  return { chain, world, coins }
})
