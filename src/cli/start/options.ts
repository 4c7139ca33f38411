import { fromHex, type NodeId, nodeId } from '../../base/index.ts'
import type { AnnouncedNode } from '../../node/index.ts'
import type { NetAddress } from '../../ports/index.ts'
import { DEFAULT_NETWORK, dataDirectoryOf, type Network, networkTyped } from '../dataDirectory.ts'
import { usage } from '../problems.ts'
import type { Shell } from '../shell.ts'
import { addressTyped, LIGHTNING_PORT, nodeIdTyped, peersTyped, WATCHTOWER_PORT, wholeTyped } from '../typed.ts'

/** What was typed behind `bookend start`. */
export interface TypedStart {
  readonly dataDir?: string
  readonly network?: string
  readonly chain?: string
  readonly chainCookie?: string
  readonly esplora?: string
  readonly electrum?: string
  readonly listen: string
  readonly api: string
  readonly passphraseFile?: string
  readonly unencryptedSeed?: boolean
  readonly birthHeight?: string
  readonly trust?: string
  readonly alias?: string
  readonly color?: string
  readonly announceAt?: string
  readonly onionMessages?: boolean
  readonly watchtower?: string
}

export interface StartOptions {
  readonly dataDir: string
  readonly network: Network
  readonly chain: ChainNamed
  /** Absent: peers cannot reach us, we can reach them. */
  readonly listen: NetAddress | undefined
  readonly api: NetAddress
  /** How the seed is kept. `asked`: a person is asked for the passphrase. */
  readonly seed:
    | { readonly type: 'unencrypted' }
    | { readonly type: 'file'; readonly path: string }
    | { readonly type: 'asked' }
  /** Absent: what a restore has named, else now. */
  readonly birthHeight?: number
  /** Whose channels are used before they are confirmed. */
  readonly trustZeroConf: readonly NodeId[]
  readonly announce: AnnouncedNode
  readonly onionMessages: boolean
  readonly watchtowers: readonly { readonly nodeId: NodeId; readonly address: NetAddress }[]
}

/** A Bitcoin Core, or servers of Esplora or Electrum. */
export type ChainNamed =
  | { readonly url: string; readonly cookieFile?: string }
  | { readonly esplora: readonly string[] }
  | { readonly electrum: readonly string[] }

export const DEFAULT_LISTEN = `127.0.0.1:${LIGHTNING_PORT}`
export const DEFAULT_API = '127.0.0.1:9740'
/** Where `bookend regtest` serves, with its user and password. */
const DEFAULT_REGTEST = 'http://bookend:bookend@127.0.0.1:18443'
const NOWHERE = 'none'
const MAX_HEIGHT = 10_000_000

/** The options as values. Throws a `BookendError` (`bad_request`). */
export function readStart(shell: Shell, typed: TypedStart): StartOptions {
  const network = networkTyped(typed.network)
  const { birthHeight, listen, api, trust } = typed
  return {
    dataDir: dataDirectoryOf(shell, typed),
    network,
    chain: mustHaveChain(chainTyped(shell, typed, network), network),
    listen: listenTyped(listen),
    api: apiTyped(api),
    seed: seedTyped(typed),
    trustZeroConf: trust === undefined ? [] : trust.split(',').map(trustTyped),
    announce: announceTyped(typed),
    onionMessages: typed.onionMessages === true,
    watchtowers: typed.watchtower === undefined ? [] : peersTyped(typed.watchtower, WATCHTOWER_PORT),
    ...(birthHeight !== undefined && { birthHeight: heightTyped(birthHeight) }),
  }
}

const trustTyped = (typed: string): NodeId => nodeId(fromHex(nodeIdTyped(typed.trim())))

function announceTyped({ alias, color, announceAt }: TypedStart): AnnouncedNode {
  const addresses = announceAt?.split(',').map(each => addressTyped(each.trim(), '--announce-at', LIGHTNING_PORT, 1))
  return {
    ...(alias !== undefined && { alias }),
    ...(color !== undefined && { color }),
    ...(addresses !== undefined && { addresses }),
  }
}

/** A password in the environment is not seen in the list of processes. Without either, it is the one of `bookend regtest`. */
export function chainTyped(
  shell: Shell,
  { chain, chainCookie, esplora, electrum }: Pick<TypedStart, 'chain' | 'chainCookie' | 'esplora' | 'electrum'>,
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

export function mustHaveChain(chain: ChainNamed | undefined, network: Network): ChainNamed {
  if (chain !== undefined) return chain
  throw usage(
    `On ${network} a node needs a Bitcoin Core, or Esplora or Electrum servers.`,
    'Name it with --chain http://user:password@host:port, or in the environment as BOOKEND_CHAIN; or name them with --esplora or --electrum.',
  )
}

/** Port 0 is any that is free. */
export const listenTyped = (typed: string): NetAddress | undefined =>
  typed === NOWHERE ? undefined : addressTyped(typed, '--listen', undefined, 0)

export const apiTyped = (typed: string): NetAddress => addressTyped(typed, '--api', undefined, 0)

export const heightTyped = (typed: string): number => wholeTyped(typed, '--birth-height', { min: 0, max: MAX_HEIGHT })

export function seedTyped({
  passphraseFile,
  unencryptedSeed,
}: Pick<TypedStart, 'passphraseFile' | 'unencryptedSeed'>): StartOptions['seed'] {
  if (unencryptedSeed !== true)
    return passphraseFile === undefined ? { type: 'asked' } : { type: 'file', path: passphraseFile }
  if (passphraseFile === undefined) return { type: 'unencrypted' }
  throw usage('--passphrase-file and --unencrypted-seed do not go together.', 'Give one of them.')
}
