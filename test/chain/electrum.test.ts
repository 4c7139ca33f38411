import { electrumChain } from '../../src/chain/index.ts'
import { testBeds } from '../regtest/support.ts'
import { chainSuite } from './chainSuite.ts'
import { testElectrum } from './electrumServer.ts'
import { afterwards } from './stubbed.ts'

const bed = testBeds()

chainSuite(
  'Electrum, over the embedded chain',
  async () => {
    const { chain: world, coins } = bed()
    const server = await testElectrum(world)
    afterwards(server.close)
    const chain = await electrumChain({ servers: [server.address], network: 'regtest', pollMs: 5 })
    afterwards(() => chain.close())
    return { chain, world, coins }
  },
  // The protocol names blocks by their height alone.
  { givesOldBlocks: false, foresees: false },
)
