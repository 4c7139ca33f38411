import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { REGTEST_GENESIS_HASH } from '../../src/regtest/index.ts'
import { PASSWORD, USER } from '../regtest/rpcClient.ts'

// A bitcoind that says what a test wants it to say, or nothing.

export const urlOf = (port: number): string =>
  `http://${encodeURIComponent(USER)}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}`

export interface StubCall {
  readonly id: unknown
  readonly method: string
  readonly params: readonly unknown[]
  readonly authorization: string | undefined
  /** The port that the connection came from: the same for calls over the same one. */
  readonly from: number | undefined
  /** How often this method was called before. */
  readonly before: number
}

export type StubAnswer =
  | { readonly result: unknown }
  | { readonly error: unknown; readonly status?: number }
  | { readonly text: string; readonly status?: number }
  /** Whatever it takes. */
  | ((response: ServerResponse, request: IncomingMessage) => void)

export type StubScript = Readonly<Record<string, (call: StubCall) => StubAnswer | Promise<StubAnswer>>>

export interface Stub {
  readonly port: number
  readonly url: string
  readonly calls: readonly StubCall[]
  /** The most calls that were there at once. */
  readonly most: () => number
  readonly close: () => Promise<void>
}

/** Takes the connection away without a word. */
export const cut: StubAnswer = response => response.socket?.destroy()
/** Never says anything. */
export const hang: StubAnswer = () => {}
/** Begins an answer, and takes the connection away. */
export const half: StubAnswer = response => {
  response.writeHead(200, { 'content-length': 1000 })
  response.write('{"result":', () => response.socket?.destroy())
}

/** What is not in the script: the first block of regtest, and that there is no such method. */
export async function stubBitcoind(script: StubScript, port = 0): Promise<Stub> {
  const calls: StubCall[] = []
  let open = 0
  let most = 0
  const server = createServer(async (request, response) => {
    open += 1
    most = Math.max(most, open)
    response.on('close', () => {
      open -= 1
    })
    const call = await readCall(request, calls)
    const ordinary: StubScript = { getblockhash: () => ({ result: REGTEST_GENESIS_HASH }) }
    const scripted = script[call.method] ?? ordinary[call.method]
    const answer = (await scripted?.(call)) ?? { error: { code: -32601, message: 'Method not found' }, status: 404 }
    if (typeof answer === 'function') return answer(response, request)
    if ('text' in answer) return response.writeHead(answer.status ?? 200).end(answer.text)
    const status = 'error' in answer ? (answer.status ?? 500) : 200
    return response.writeHead(status).end(JSON.stringify({ result: null, error: null, ...answer, id: call.id }))
  })
  await new Promise<void>(listening => server.listen(port, '127.0.0.1', listening))
  // Listening on TCP, so that the address has a port.
  const at = (server.address() as AddressInfo).port
  return {
    port: at,
    url: urlOf(at),
    calls,
    most: () => most,
    close: () =>
      new Promise(done => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

/** Counted in the instant in which it is whole. */
async function readCall(request: IncomingMessage, calls: StubCall[]): Promise<StubCall> {
  let body = ''
  for await (const chunk of request) body += chunk
  const { id, method, params }: { id: unknown; method: string; params: readonly unknown[] } = JSON.parse(body)
  const { authorization } = request.headers
  const before = calls.filter(call => call.method === method).length
  const call: StubCall = { id, method, params, authorization, from: request.socket.remotePort, before }
  calls.push(call)
  return call
}
