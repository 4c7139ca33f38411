import { esploraChain } from '../../src/chain/index.ts'
import { testBeds } from '../regtest/support.ts'
import { chainSuite } from './chainSuite.ts'
import { testEsplora } from './esploraServer.ts'
import { afterwards } from './stubbed.ts'

const bed = testBeds()

chainSuite(
  'Esplora, over the embedded chain',
  async () => {
    const { chain: world, coins } = bed()
    const server = await testEsplora(world)
    afterwards(server.close)
    const chain = await esploraChain({ urls: [server.url], network: 'regtest', pollMs: 5 })
    afterwards(() => chain.close())
    return { chain, world, coins }
  },
  { foresees: false },
)
