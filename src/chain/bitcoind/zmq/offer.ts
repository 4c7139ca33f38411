import { fieldsOf } from '../reply.ts'
import type { RpcClient } from '../rpc.ts'

/** Where a bitcoind tells of new blocks. */
export interface Publisher {
  readonly host: string
  readonly port: number
}

const NEW_BLOCKS = 'pubhashblock'

/**
 * Where this bitcoind tells of new blocks; `undefined` where it does not, where it cannot be reached from here, or does not know the
 * call, as btcd and what was built without ZMQ. Rejects with a `ChainError`.
 */
export async function offered(rpc: RpcClient, rpcHost: string): Promise<Publisher | undefined> {
  const reply = await rpc.ask('getzmqnotifications', [], 1)
  if (!reply.ok || !Array.isArray(reply.value)) return undefined
  for (const each of reply.value) {
    const { type, address } = fieldsOf(each) ?? {}
    if (type !== NEW_BLOCKS || typeof address !== 'string') continue
    const place = placeOf(address, rpcHost)
    if (place !== undefined) return place
  }
  return undefined
}

/** What bitcoind binds to is an address of its own computer: all of them where it is a wildcard, so the one that we know serves. */
export function placeOf(address: string, rpcHost: string): Publisher | undefined {
  const [, named, digits] = /^tcp:\/\/(.+):(\d{1,5})$/.exec(address) ?? []
  const port = Number(digits)
  if (named === undefined || !(port > 0 && port < 65_536)) return undefined
  const host = named.replace(/^\[(.*)\]$/, '$1')
  if (isWildcard(host)) return { host: rpcHost, port }
  // Its loopback is not ours where it is on another computer.
  return isLoopback(host) && !isLoopback(rpcHost) ? undefined : { host, port }
}

const isWildcard = (host: string): boolean => host === '*' || host === '0.0.0.0' || host === '::'
const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
