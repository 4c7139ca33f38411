// The chain, as LDK's process reaches it: JSON-RPC over HTTP.

export type ChainRpc = (method: string, ...params: readonly unknown[]) => Promise<unknown>

/** `url` holds user and password. */
export function chainRpc(url: string): ChainRpc {
  const { origin, username, password } = new URL(url)
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  return async (method, ...params) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 'ldk', method, params })
    const response = await fetch(origin, { method: 'POST', body, headers: { authorization } })
    const reply = (await response.json()) as {
      readonly result?: unknown
      readonly error?: { readonly message: string }
    }
    if (reply.error !== undefined && reply.error !== null) throw new Error(`${method}: ${reply.error.message}`)
    return reply.result
  }
}
