import { PipeHub, pipeNetwork, tcpNetwork } from '../net/index.ts'
import type { Chain, NetAddress, Store } from '../ports/index.ts'
import { chainPort, createRegtestChain, type RegtestChain } from '../regtest/index.ts'
import { sqliteStore } from '../storage/index.ts'
import type { NetOption } from './options.ts'

// What `createNode` is put together from, in the words of a program.

/** Over TCP with BOLT 8. Without a port nobody reaches us, and we reach others. Port 0: one that is free. */
export function tcp({ host = '127.0.0.1', port }: { readonly host?: string; readonly port?: number } = {}): NetOption {
  return {
    network: nodeSecret => tcpNetwork({ nodeSecret }),
    ...(port !== undefined && { listen: { host, port } }),
  }
}

/** Inside one process: nodes that share a hub reach each other, with the same handshake as over TCP. */
export function pipe({ hub, listen }: { readonly hub: PipeHub; readonly listen?: NetAddress }): NetOption {
  return {
    network: nodeSecret => pipeNetwork(hub, { nodeSecret, encrypted: false }),
    ...(listen !== undefined && { listen }),
  }
}

/** Records in one SQLite file. Rejects with a `StorageError`. */
export function sqlite({ file }: { readonly file: string }): Promise<Store> {
  return sqliteStore({ file })
}

/** The embedded chain; nodes of one process share it by one `RegtestChain`. */
export function regtest(chain: RegtestChain = createRegtestChain()): Chain {
  return chainPort(chain)
}

export { PipeHub }
