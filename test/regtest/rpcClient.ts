import { expect } from 'vitest'
import { defined } from '../../src/base/index.ts'
import {
  createRegtestChain,
  type RegtestChain,
  type RpcServerOptions,
  serveRegtestRpc,
} from '../../src/regtest/index.ts'
import { value } from './support.ts'

// A small wallet's view of the server: everything goes over HTTP.

export const USER = 'alice'
export const PASSWORD = 'open:sesame'
export const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

export interface RpcError {
  readonly code: number
  readonly message: string
}

export interface Rpc {
  readonly chain: RegtestChain
  readonly url: string
  readonly port: number
  readonly now: { seconds: number }
  /** The result of a call that has to work. */
  readonly call: (method: string, ...params: readonly unknown[]) => Promise<unknown>
  /** The error of a call that has to fail. */
  readonly fails: (method: string, ...params: readonly unknown[]) => Promise<RpcError>
  /** The answer as it stands on the wire. */
  readonly post: (body: string, headers?: Readonly<Record<string, string>>) => Promise<{ status: number; text: string }>
  readonly close: () => Promise<void>
}

export async function startRpc(options: Partial<RpcServerOptions> = {}): Promise<Rpc> {
  const now = { seconds: 1_800_000_000 }
  const chain = options.chain ?? createRegtestChain()
  const clock = () => now.seconds
  const server = value(
    await serveRegtestRpc({ chain, port: 0, user: USER, password: PASSWORD, now: clock, ...options }),
  )
  const rpc = rpcAt(server.url)
  return { ...rpc, chain, port: server.port, now, close: server.close }
}

/** The client alone, for a server in another process. */
export function rpcAt(url: string, user = USER, password = PASSWORD): Pick<Rpc, 'url' | 'call' | 'fails' | 'post'> {
  const post: Rpc['post'] = async (body, headers = {}) => {
    const authorization = basic(user, password)
    const response = await fetch(url, { method: 'POST', body, headers: { authorization, ...headers } })
    return { status: response.status, text: await response.text() }
  }
  const send = async (method: string, params: readonly unknown[]) => {
    const { text } = await post(JSON.stringify({ jsonrpc: '2.0', id: 'test', method, params }))
    const reply: { result?: unknown; error?: RpcError } = JSON.parse(text)
    return reply
  }
  return {
    url,
    post,
    call: async (method, ...params) => {
      const reply = await send(method, params)
      expect(reply.error, method).toBeUndefined()
      return reply.result
    },
    fails: async (method, ...params) => defined((await send(method, params)).error, `${method} should have failed`),
  }
}
