import type { Chain } from '../../ports/index.ts'
import { checkedChain } from '../checked/chain.ts'
import { type CheckedLimits, DEFAULT_CHECKED_LIMITS } from '../checked/limits.ts'
import type { ServersLog } from '../checked/servers.ts'
import type { ChainNetwork } from '../networks.ts'
import { EsploraServer } from './server.ts'

export interface EsploraOptions {
  /** `https://host/path`, such as `https://blockstream.info/api`. With several, each is checked against the others. */
  readonly urls: readonly string[]
  readonly network: ChainNetwork
  /** How often the tips are asked for while someone listens. */
  readonly pollMs?: number
  readonly limits?: Partial<CheckedLimits>
  /** Told of servers that lie, are behind or do not answer while others do. */
  readonly log?: ServersLog
  /** Milliseconds since 1970: a block from the future is refused. */
  readonly now?: () => number
}

/**
 * The chain as Esplora servers show it, once one is known to be on the right network. Rejects with a `ChainError`. Headers, blocks,
 * transactions and spends are proven; that an output is unspent, what fees are asked for, and that there is no newer block are not,
 * and are asked of several servers where several are named. The signatures of signet are not checked, its work is.
 */
export async function esploraChain({ urls, ...options }: EsploraOptions): Promise<Chain> {
  const limits = { ...DEFAULT_CHECKED_LIMITS, ...options.limits }
  return checkedChain({ ...options, kind: 'Esplora', all: urls.map(url => new EsploraServer(url, limits)), limits })
}
