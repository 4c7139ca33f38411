import { defined } from '../../src/base/index.ts'
import { type ElectrumOptions, type EsploraOptions, electrumChain, esploraChain } from '../../src/chain/index.ts'
import type { Chain } from '../../src/ports/index.ts'
import type { RegtestChain } from '../../src/regtest/index.ts'
import { testBeds } from '../regtest/support.ts'
import { type TestElectrum, testElectrum } from './electrumServer.ts'
import { type TestEsplora, testEsplora } from './esploraServer.ts'
import { afterwards } from './stubbed.ts'

// Servers of one kind that show one chain, and the view through all of them, for tests that have some of them lie.

/** How a chain is seen, whatever its servers speak. */
type ViewOptions = Omit<ElectrumOptions, 'servers'> & Omit<EsploraOptions, 'urls'>

export interface ServerKind<Server> {
  readonly name: 'Electrum' | 'Esplora'
  /** Until the end of the test. */
  readonly serve: (world: RegtestChain) => Promise<Server>
  readonly open: (servers: readonly Server[], options: ViewOptions) => Promise<Chain>
}

export const ELECTRUM: ServerKind<TestElectrum> = {
  name: 'Electrum',
  serve: world => closedAfterwards(testElectrum(world)),
  open: (servers, options) => electrumChain({ servers: servers.map(({ address }) => address), ...options }),
}

export const ESPLORA: ServerKind<TestEsplora> = {
  name: 'Esplora',
  serve: world => closedAfterwards(testEsplora(world)),
  open: (servers, options) => esploraChain({ urls: servers.map(({ url }) => url), ...options }),
}

async function closedAfterwards<Server extends { close(): Promise<void> }>(serving: Promise<Server>): Promise<Server> {
  const server = await serving
  afterwards(server.close)
  return server
}

/** Makes so many servers, and what connects to all of them: a view that does not wait, and what it said of them. */
export function testServers<Server>({ serve, open }: ServerKind<Server>) {
  const bed = testBeds()
  return async (count: number) => {
    const { chain: world, coins } = bed()
    const all: Server[] = []
    for (let i = 0; i < count; i++) all.push(await serve(world))
    const said: string[] = []
    const connect = async (options: Partial<ViewOptions> = {}) => {
      const { limits, ...more } = options
      const chain = await open(all, {
        network: 'regtest',
        pollMs: 1,
        limits: { firstPauseMs: 1, timeoutMs: 1000, attempts: 2, ...limits },
        log: ({ message }) => said.push(message),
        ...more,
      })
      afterwards(() => chain.close())
      return chain
    }
    const [first, second = first] = all
    return { world, coins, said, connect, first: defined(first, 'one at least'), second: defined(second, 'two') }
  }
}
