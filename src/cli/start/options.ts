import { fromHex, type NodeId, nodeId } from '../../base/index.ts'
import type { AnnouncedNode } from '../../node/index.ts'
import type { NetAddress } from '../../ports/index.ts'
import { type ChainNamed, mustHaveChain, type TypedChain } from '../chain/named.ts'
import { dataDirectoryOf, type Network, networkTyped } from '../dataDirectory.ts'
import { usage } from '../problems.ts'
import type { Shell } from '../shell.ts'
import { addressTyped, LIGHTNING_PORT, nodeIdTyped, peersTyped, WATCHTOWER_PORT, wholeTyped } from '../typed.ts'

/** What was typed behind `bookend start`. */
export interface TypedStart extends TypedChain {
  readonly dataDir?: string
  readonly network?: string
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

export const DEFAULT_LISTEN = `127.0.0.1:${LIGHTNING_PORT}`
export const DEFAULT_API = '127.0.0.1:9740'
const NOWHERE = 'none'
const MAX_HEIGHT = 10_000_000

/** The options as values. Throws a `BookendError` (`bad_request`). */
export function readStart(shell: Shell, typed: TypedStart): StartOptions {
  const network = networkTyped(typed.network)
  const { birthHeight, listen, api, trust } = typed
  return {
    dataDir: dataDirectoryOf(shell, typed),
    network,
    chain: mustHaveChain(shell, typed, network),
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
