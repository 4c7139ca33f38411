import { type Chain, ChainError } from '../../ports/index.ts'
import { type ChainNetwork, NETWORKS } from '../networks.ts'
import { TipWatch } from '../tipWatch.ts'
import { closed } from '../words.ts'
import { Blocks } from './blocks.ts'
import type { ServerKind } from './errors.ts'
import { feerate } from './feerate.ts'
import { type CheckedLimits, POLL_MS } from './limits.ts'
import { Outputs } from './outputs.ts'
import { publish } from './publish.ts'
import type { ChainServer } from './server.ts'
import { Servers, type ServersLog } from './servers.ts'
import { HeaderView } from './view.ts'
import { waitingSpends } from './waiting.ts'

export interface CheckedOptions {
  readonly kind: ServerKind
  readonly all: readonly ChainServer[]
  readonly network: ChainNetwork
  readonly limits: Omit<CheckedLimits, 'answerBytes'>
  readonly pollMs?: number
  readonly log?: ServersLog
  readonly now?: () => number
}

/** The chain as servers show it that are not trusted, whatever they speak, once one is known to be on the right network. */
export async function checkedChain(options: CheckedOptions): Promise<Chain> {
  const { network, now = Date.now, log = () => {} } = options
  const { pollMs = network === 'regtest' ? POLL_MS.regtest : POLL_MS.others } = options
  const servers = new Servers({ kind: options.kind, all: options.all, limits: options.limits, now, log })
  const view = new HeaderView(servers, network, now, pollMs)
  try {
    await view.start()
  } catch (error) {
    servers.close()
    throw error
  }
  const blocks = new Blocks(servers, view, network)
  const outputs = new Outputs(servers, view, blocks)
  const watch = new TipWatch(() => tipHash(view), pollMs)
  const open = <T>(ask: () => Promise<T>): Promise<T> => (servers.isClosed ? Promise.reject(closed()) : ask())
  return {
    tip: () =>
      open(async () => {
        const { height, hash } = await view.refresh()
        return { height, hash }
      }),
    // The first block is what the network is called by: each server had to show it.
    hashAt: height => open(async () => (height === 0 ? NETWORKS[network].genesisHash : (await view.at(height))?.hash)),
    block: hash => open(() => blocks.get(hash)),
    outputAt: place => open(() => outputs.at(place)),
    publish: (tx, parent) => open(() => publish(servers, outputs, { tx, parent })),
    // No server of these kinds can be asked that.
    testAccept: () => open(async () => undefined),
    waitingSpends: outpoints => open(() => waitingSpends(servers, outpoints)),
    feerate: targetBlocks => open(() => feerate(servers, targetBlocks)),
    onChange: listener => (servers.isClosed ? () => {} : watch.listen(listener)),
    async close() {
      watch.close()
      servers.close()
    },
  }
}

/** For the watch, which has nobody to tell that no server answers: whoever asks next hears of it. */
async function tipHash(view: HeaderView): Promise<string | undefined> {
  try {
    return (await view.refresh()).hash
  } catch (error) {
    if (error instanceof ChainError) return undefined
    throw error
  }
}
