import { join } from 'node:path'
import { fromHex, type NodeId, nodeId } from '../../base/index.ts'
import type { NetAddress } from '../../ports/index.ts'
import { type ChainNamed, mustHaveChain, type TypedChain } from '../chain/named.ts'
import { type Network, networkTyped } from '../dataDirectory.ts'
import { usage } from '../problems.ts'
import type { Shell } from '../shell.ts'
import { listenTyped } from '../start/options.ts'
import { nodeIdTyped, WATCHTOWER_PORT } from '../typed.ts'

/** What was typed behind `bookend watch`. */
export interface TypedWatch extends TypedChain {
  readonly dataDir?: string
  readonly network?: string
  readonly listen?: string
  readonly client?: string
}

export interface WatchOptions {
  readonly dataDir: string
  readonly network: Network
  readonly chain: ChainNamed
  readonly listen: NetAddress
  /** Absent: anybody. */
  readonly clients: readonly NodeId[] | undefined
}

/** The options as values. Throws a `BookendError` (`bad_request`). */
export function readWatch(shell: Shell, typed: TypedWatch): WatchOptions {
  const network = networkTyped(typed.network)
  const listen = listenTyped(typed.listen ?? `127.0.0.1:${WATCHTOWER_PORT}`)
  if (listen === undefined) throw usage('A tower that listens nowhere is of use to nobody.', 'Give --listen HOST:PORT.')
  if (typed.dataDir === '') throw usage("--data-dir is ''.", 'Name a directory.')
  return {
    dataDir: typed.dataDir ?? join(shell.home, '.bookend', `${network}-watchtower`),
    network,
    chain: mustHaveChain(shell, typed, network),
    listen,
    clients: typed.client?.split(',').map(each => nodeId(fromHex(nodeIdTyped(each.trim())))),
  }
}
