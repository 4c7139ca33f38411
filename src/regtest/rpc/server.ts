import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { err, ok, type Result, utf8Encode } from '../../base/index.ts'
import { constantTimeEqual, sha256 } from '../../crypto/index.ts'
import type { RegtestChain } from '../chain.ts'
import { answer, refusal, USAGES } from './dispatch.ts'
import { RPC } from './failure.ts'
import { writeJson } from './json.ts'
import { createSession, type Session } from './session.ts'

// The calls over HTTP: POST with basic authentication, on the loopback interface alone.

export interface RpcServerOptions {
  readonly chain: RegtestChain
  /** 0 for any that is free. */
  readonly port: number
  readonly user: string
  readonly password: string
  /** Seconds since 1970. */
  readonly now: () => number
  /** Awaited before the answer to a call that may have changed the chain: durable, then visible. */
  readonly save?: () => Promise<Result<true, string>>
  /** The `stop` call came, and its answer is out. */
  readonly onStop?: () => void
}

export interface RpcServer {
  readonly port: number
  /** `http://127.0.0.1:port` */
  readonly url: string
  /** Lets the answers under way go out and takes no more. */
  readonly close: () => Promise<void>
}

const HOST = '127.0.0.1'
/** Room for the largest block in hexadecimal, twice over. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024
export const MAX_CONNECTIONS = 64
/** A request that has not arrived whole by then is given up. */
const REQUEST_TIMEOUT_MS = 30_000
/** Makes guessing slow, as Core does. */
const WRONG_AUTH_PAUSE_MS = 250
/** Answers under way have this long to go out when the server ends. */
const CLOSING_GRACE_MS = 2000

/** Starts to listen, or tells why that is not possible. */
export async function serveRegtestRpc(options: RpcServerOptions): Promise<Result<RpcServer, string>> {
  let stopping = false
  const { chain, now } = options
  const session = createSession({
    chain,
    usages: USAGES,
    now,
    stop: () => {
      stopping = true
    },
  })
  const { save = async () => ok(true as const) } = options
  const credentials = sha256(utf8Encode(`${options.user}:${options.password}`))
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    respond(request, response, { session, credentials, save, isStopping: () => stopping })
      .then(() => {
        if (stopping) options.onStop?.()
      })
      // A caller that has hung up misses its answer, and nobody else does.
      .catch(() => response.destroy())
  })
  server.maxConnections = MAX_CONNECTIONS
  const started = await listen(server, options.port)
  if (!started.ok) return started
  const port = started.value
  return ok({
    port,
    url: `http://${HOST}:${port}`,
    close: () => {
      session.end()
      return close(server)
    },
  })
}

interface Desk {
  readonly session: Session
  /** Hashed, so that their length shows no more than their bytes do. */
  readonly credentials: Uint8Array
  readonly save: () => Promise<Result<true, string>>
  readonly isStopping: () => boolean
}

async function respond(request: IncomingMessage, response: ServerResponse, desk: Desk): Promise<void> {
  if (request.url !== '/') return say(response, 404, '')
  if (request.method !== 'POST') return say(response, 405, 'JSONRPC server handles only POST requests')
  if (!isAuthorized(request.headers.authorization, desk.credentials)) {
    if (request.headers.authorization !== undefined) await pause(WRONG_AUTH_PAUSE_MS)
    response.setHeader('WWW-Authenticate', 'Basic realm="jsonrpc"')
    return say(response, 401, '')
  }
  const body = await readBody(request)
  if (body === undefined) {
    // What is left of it is not read, so the connection is of no further use.
    response.setHeader('Connection', 'close')
    return say(response, 413, `expected a body of at most ${MAX_BODY_BYTES} bytes`)
  }
  let { status, body: reply, changed } = answer(desk.session, body)
  const saved = changed ? await desk.save() : ok(true as const)
  if (!saved.ok) ({ status, body: reply } = refusal({ code: RPC.DATABASE_ERROR, message: saved.error }))
  response.setHeader('Content-Type', 'application/json')
  if (desk.isStopping()) response.setHeader('Connection', 'close')
  return say(response, status, reply === undefined ? '' : `${writeJson(reply)}\n`)
}

/** Ends when the text is handed over. */
function say(response: ServerResponse, status: number, text: string): Promise<void> {
  response.statusCode = status
  return new Promise(done => {
    response.once('close', done)
    response.end(text, done)
  })
}

const BASIC = /^Basic ([A-Za-z0-9+/=]+)$/

function isAuthorized(header: string | undefined, credentials: Uint8Array): boolean {
  const given = Buffer.from(BASIC.exec(header ?? '')?.[1] ?? '', 'base64')
  return constantTimeEqual(sha256(new Uint8Array(given)), credentials)
}

/** The whole text; `undefined` where it is longer than allowed. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return undefined
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request) {
    // A request without an encoding gives bytes.
    const bytes = chunk as Uint8Array
    length += bytes.length
    if (length > MAX_BODY_BYTES) return undefined
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function listen(server: Server, port: number): Promise<Result<number, string>> {
  return new Promise(done => {
    server.once('error', error => done(err(error.message)))
    server.listen(port, HOST, () => {
      const address = server.address()
      done(ok(typeof address === 'object' && address !== null ? address.port : port))
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise(done => {
    const late = setTimeout(() => server.closeAllConnections(), CLOSING_GRACE_MS)
    server.close(() => {
      clearTimeout(late)
      done()
    })
    server.closeIdleConnections()
  })
}
