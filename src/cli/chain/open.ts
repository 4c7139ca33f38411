import {
  bitcoindChain,
  type ChainNetwork,
  type EsploraOptions,
  electrumChain,
  esploraChain,
} from '../../chain/index.ts'
import type { Chain } from '../../ports/index.ts'
import type { ChainNamed } from './named.ts'

// Apart from how a chain is named: the room of chains takes its time to load, and whoever mistypes an option does without it.

/** `log` hears what is wrong with one server among several; of a Bitcoin Core it hears nothing. */
export function openChain(
  named: ChainNamed,
  network: ChainNetwork,
  log: NonNullable<EsploraOptions['log']>,
): Promise<Chain> {
  if ('esplora' in named) return esploraChain({ urls: named.esplora, network, log })
  if ('electrum' in named) return electrumChain({ servers: named.electrum, network, log })
  return bitcoindChain({ ...named, network })
}
