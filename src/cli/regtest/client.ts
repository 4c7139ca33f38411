import { request } from 'node:http'
import { err, ok, type Result } from '../../base/index.ts'
import type { Endpoint } from './options.ts'

/** Makes one call of a server on this machine. The failure is a sentence. */
export async function callRpc(
  { port, user, password }: Endpoint,
  method: string,
  params: readonly unknown[],
): Promise<Result<unknown, string>> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 'bookend', method, params })
  const sent = await post({ port, user, password }, body)
  if (!sent.ok) return err(`nothing answers on port ${port}: ${sent.error}. Start it with \`bookend regtest\`.`)
  const { status, text } = sent.value
  if (status === 401) return err('the user or the password is wrong: see --rpc-user and --rpc-password.')
  const reply = parseObject(text)
  if (reply === undefined) return err(`port ${port} answers with status ${status} and no JSON-RPC.`)
  const { error } = reply
  if (error === undefined || error === null) return ok(reply.result)
  const message = typeof error === 'object' && 'message' in error ? String(error.message) : JSON.stringify(error)
  return err(`${method} failed: ${message.replace(/\.$/, '')}.`)
}

interface Reply {
  readonly status: number
  readonly text: string
}

function post({ port, user, password }: Endpoint, body: string): Promise<Result<Reply, string>> {
  return new Promise(done => {
    const sending = request(
      { host: '127.0.0.1', port, method: 'POST', auth: `${user}:${password}`, agent: false },
      response => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', error => done(err(error.message)))
        response.on('end', () =>
          done(ok({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') })),
        )
      },
    )
    sending.on('error', error => done(err(error.message)))
    sending.end(body)
  })
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null ? Object.fromEntries(Object.entries(parsed)) : undefined
  } catch {
    return undefined
  }
}
