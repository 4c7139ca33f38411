import type { Chain } from '../../ports/index.ts'
import { checkedChain } from '../checked/chain.ts'
import type { ServersLog } from '../checked/servers.ts'
import type { ChainNetwork } from '../networks.ts'
import { DEFAULT_ELECTRUM_LIMITS, type ElectrumLimits } from './limits.ts'
import { ElectrumServer } from './server.ts'

export interface ElectrumOptions {
  /**
   * `tls://host:port` or `tcp://host:port`; without either it is TLS. A certificate that nobody has signed is pinned by its SHA-256
   * behind the port: `tls://host:port#ab12…`. With several servers, each is checked against the others.
   */
  readonly servers: readonly string[]
  readonly network: ChainNetwork
  /** How often the tips are asked for while someone listens. */
  readonly pollMs?: number
  readonly limits?: Partial<ElectrumLimits>
  /** Told of servers that lie, are behind or do not answer while others do. */
  readonly log?: ServersLog
  /** Milliseconds since 1970: a block from the future is refused. */
  readonly now?: () => number
}

/**
 * The chain as Electrum servers show it, once one is known to be on the right network. Rejects with a `ChainError`. The same is proven
 * as of Esplora servers. Electrum has no blocks: one is put together from its transactions, and proven to be whole. A block that has
 * left the best chain can be had no more.
 */
export async function electrumChain({ servers, ...options }: ElectrumOptions): Promise<Chain> {
  const limits = { ...DEFAULT_ELECTRUM_LIMITS, ...options.limits }
  return checkedChain({
    ...options,
    kind: 'Electrum',
    all: servers.map(text => new ElectrumServer(text, limits)),
    limits,
  })
}
