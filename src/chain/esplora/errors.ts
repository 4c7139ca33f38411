import { ChainError } from '../../ports/index.ts'
import type { ChainNetwork } from '../networks.ts'

// The sentences that people read when Esplora servers do not serve us.

export function badUrl(text: string): ChainError {
  const message = `${text} is not the address of an Esplora server. Expected https://host/path, such as https://blockstream.info/api.`
  return new ChainError('unreachable', message)
}

export function noServers(): ChainError {
  return new ChainError('unreachable', 'No Esplora server is named. Name one or more of them.')
}

/** `reasons`: of each server, `host:port: why`. */
export function unreachable(reasons: readonly string[]): ChainError {
  const message =
    `No Esplora server answers (${reasons.join('; ')}). ` +
    'Look at the connection to the internet, or name other servers with --esplora. It is tried again.'
  return new ChainError('unreachable', message)
}

/** Some answer, and nothing that holds. */
export function nothingHolds(reasons: readonly string[]): ChainError {
  const message = `No Esplora server gives an answer that can be proven (${reasons.join('; ')}). Name other servers with --esplora.`
  return new ChainError('bad_answer', message)
}

export function wrongNetwork(asked: ChainNetwork, found: readonly string[]): ChainError {
  const message = `The Esplora servers are on ${found.join(', ')}, and this node is on ${asked}. Name some on ${asked} with --esplora.`
  return new ChainError('wrong_network', message)
}
