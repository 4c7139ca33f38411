import { ChainError } from '../../ports/index.ts'
import type { ChainNetwork } from '../networks.ts'

// The sentences that people read when servers do not serve us.

/** What the servers speak. */
export type ServerKind = 'Esplora' | 'Electrum'

/** How they are named on the command line. */
const optionOf = (kind: ServerKind): string => `--${kind.toLowerCase()}`

/** `text`: what was named. `expected`: what an address looks like. */
export function badAddress(kind: ServerKind, text: string, expected: string): ChainError {
  return new ChainError('unreachable', `${text} is not the address of an ${kind} server. Expected ${expected}.`)
}

export function noServers(kind: ServerKind): ChainError {
  return new ChainError('unreachable', `No ${kind} server is named. Name one or more of them.`)
}

/** `reasons`: of each server, `host:port: why`. */
export function unreachable(kind: ServerKind, reasons: readonly string[]): ChainError {
  const message =
    `No ${kind} server answers (${reasons.join('; ')}). ` +
    `Look at the connection to the internet, or name other servers with ${optionOf(kind)}. It is tried again.`
  return new ChainError('unreachable', message)
}

/** Some answer, and nothing that holds. */
export function nothingHolds(kind: ServerKind, reasons: readonly string[]): ChainError {
  const message = `No ${kind} server gives an answer that can be proven (${reasons.join('; ')}). Name other servers with ${optionOf(kind)}.`
  return new ChainError('bad_answer', message)
}

export function wrongNetwork(kind: ServerKind, asked: ChainNetwork, found: readonly string[]): ChainError {
  const message = `The ${kind} servers are on ${found.join(', ')}, and this node is on ${asked}. Name some on ${asked} with ${optionOf(kind)}.`
  return new ChainError('wrong_network', message)
}
