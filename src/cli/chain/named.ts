import type { Command } from 'commander'
import { DEFAULT_NETWORK, type Network } from '../dataDirectory.ts'
import { usage } from '../problems.ts'
import type { Shell } from '../shell.ts'

// Which chain is meant, by the options that all commands with a chain take alike.

/** A Bitcoin Core, or servers of Esplora or Electrum. */
export type ChainNamed =
  | { readonly url: string; readonly cookieFile?: string }
  | { readonly esplora: readonly string[] }
  | { readonly electrum: readonly string[] }

/** What was typed of it. */
export interface TypedChain {
  readonly chain?: string
  readonly chainCookie?: string
  readonly esplora?: string
  readonly electrum?: string
}

/** Where `bookend regtest` serves, with its user and password. */
const DEFAULT_REGTEST = 'http://bookend:bookend@127.0.0.1:18443'

export function chainOptions(command: Command): Command {
  return command
    .option('--chain <url>', 'a Bitcoin Core: http://user:password@host:port')
    .option('--chain-cookie <file>', 'its cookie file, in place of user and password')
    .option('--esplora <urls>', 'instead of it, Esplora servers: https://host/path, with commas between them')
    .option('--electrum <servers>', 'or Electrum servers: tls://host:port[#sha256] or tcp://host:port, with commas')
}

/** For those that do nothing without a chain. Throws a `BookendError` (`bad_request`). */
export function mustHaveChain(shell: Shell, typed: TypedChain, network: Network): ChainNamed {
  const chain = chainTyped(shell, typed, network)
  if (chain !== undefined) return chain
  throw usage(
    `On ${network} a node needs a Bitcoin Core, or Esplora or Electrum servers.`,
    'Name it with --chain http://user:password@host:port, or in the environment as BOOKEND_CHAIN; or name them with --esplora or --electrum.',
  )
}

/** A password in the environment is not seen in the list of processes. Without either, it is the one of `bookend regtest`. */
export function chainTyped(
  shell: Shell,
  { chain, chainCookie, esplora, electrum }: TypedChain,
  network: Network,
): ChainNamed | undefined {
  const core = chain ?? chainCookie
  if (esplora !== undefined) {
    if (core !== undefined) throw together('--esplora', '--chain')
    if (electrum !== undefined) throw together('--esplora', '--electrum')
    return { esplora: listed(esplora) }
  }
  if (electrum !== undefined) {
    if (core !== undefined) throw together('--electrum', '--chain')
    return { electrum: listed(electrum) }
  }
  const { BOOKEND_CHAIN: fromEnvironment = '' } = shell.env
  const elsewhere = fromEnvironment === '' ? undefined : fromEnvironment
  const url = chain ?? elsewhere ?? (network === DEFAULT_NETWORK ? DEFAULT_REGTEST : undefined)
  if (url === undefined) return undefined
  return { url, ...(chainCookie === undefined ? {} : { cookieFile: chainCookie }) }
}

const listed = (typed: string): readonly string[] => typed.split(',').map(each => each.trim())

const together = (one: string, other: string) => usage(`${one} and ${other} do not go together.`, 'Give one of them.')
