import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { getRequestListener, RequestError } from '@hono/node-server'
import { BookendError } from '../base/index.ts'
import type { BookendNode } from '../node/index.ts'
import type { NetAddress } from '../ports/index.ts'
import { createApp } from './app.ts'
import { authenticator } from './auth.ts'
import { boundedBody } from './body.ts'
import {
  errorJson,
  headersTooLarge,
  methodNotAllowed,
  notHttp,
  type Refusal,
  requestTooSlow,
  urlTooLong,
  wentWrong,
  wrongHost,
} from './failures.ts'
import { isOwnHost } from './hostCheck.ts'
import { type ApiLimits, DEFAULT_API_LIMITS } from './limits.ts'

export interface ApiOptions {
  readonly node: BookendNode
  /** Port 0 for any that is free. */
  readonly listen: NetAddress
  /** Opens everything: whoever can read the data directory has it. */
  readonly adminSecret: string
  /** Someone asked for the node to stop, and has the answer. */
  readonly onStop: () => void
  /** Of the program, for the document. */
  readonly version: string
  readonly limits?: Partial<ApiLimits>
  /** Failures that nobody foresaw, without secrets. By default they go to the standard error. */
  readonly log?: (text: string) => void
}

export interface ServedApi {
  /** The port that the system chose, where 0 was asked for. */
  readonly address: NetAddress
  readonly url: string
  /** Takes no more, ends the event streams, and lets the answers under way go out. Idempotent. */
  close(): Promise<void>
}

/** Serves the HTTP API of a node. Rejects with a `BookendError` (`address_in_use`) where the port cannot be had. */
export async function serveApi(options: ApiOptions): Promise<ServedApi> {
  const { node, listen, adminSecret, onStop, version } = options
  const limits = { ...DEFAULT_API_LIMITS, ...options.limits }
  const closing = new AbortController()
  const log = withoutSecret(options.log ?? (text => process.stderr.write(`${text}\n`)), adminSecret)
  const app = createApp(
    {
      node,
      authenticate: authenticator(node, adminSecret),
      readBody: boundedBody(limits.maxBodyBytes),
      limits,
      log,
      onStop,
      closing: closing.signal,
    },
    version,
  )
  const handle = getRequestListener((request, env) => app.fetch(request, env), {
    overrideGlobalObjects: false,
    errorHandler: error => {
      if (error instanceof RequestError) return asResponse(notHttp())
      log(String(error))
      return asResponse(wentWrong())
    },
  })
  const server = createServer(
    {
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.idleTimeoutMs,
      connectionsCheckingInterval: Math.min(1000, limits.headersTimeoutMs),
      // Ours is told in our own shape.
      requireHostHeader: false,
    },
    (incoming, outgoing) => {
      outgoing.setHeader('Cache-Control', 'no-store')
      // A connection whose last answer went out while we close has nothing to wait for.
      outgoing.once('finish', () => closing.signal.aborted && server.closeIdleConnections())
      const refusal = refusedAtTheDoor(incoming, { listen, limits })
      if (refusal !== undefined) return say(outgoing, refusal)
      handle(incoming, outgoing).catch(error => {
        log(`${incoming.method}: ${error instanceof Error ? error.stack : String(error)}`)
        if (outgoing.headersSent) outgoing.destroy()
        else say(outgoing, wentWrong())
      })
    },
  )
  server.maxConnections = limits.maxConnections
  server.on('clientError', (error, socket) => answerClientError(error, socket, limits))
  const port = await listening(server, listen)
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host
  return {
    address: { host: listen.host, port },
    url: `http://${host}:${port}`,
    close: () => {
      closing.abort()
      return close(server, limits.closingGraceMs)
    },
  }
}

const JSON_HEADERS = { 'Content-Type': 'application/json' }
const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'DELETE'])

/** What is seen before any route is. */
function refusedAtTheDoor(
  { method = '', url = '', headers }: IncomingMessage,
  { listen, limits }: { readonly listen: NetAddress; readonly limits: ApiLimits },
): Refusal | undefined {
  if (url.length > limits.maxUrlLength) return urlTooLong(limits.maxUrlLength)
  if (!isOwnHost(headers.host, listen.host)) return wrongHost()
  if (!METHODS.has(method)) return methodNotAllowed(method, url.split('?')[0] ?? '', [...METHODS])
  return undefined
}

const asResponse = ({ status, error }: Refusal): Response =>
  new Response(JSON.stringify(errorJson(error)), { status, headers: JSON_HEADERS })

/** The rest of such a request is not read. */
function say(outgoing: ServerResponse, { status, error, headers = {} }: Refusal): void {
  const body = JSON.stringify(errorJson(error))
  const length = { 'Content-Length': Buffer.byteLength(body) }
  outgoing.writeHead(status, { ...JSON_HEADERS, ...length, Connection: 'close', ...headers })
  outgoing.end(body)
}

/** What Node's parser gives up has no answer object any more: the answer is written by hand. */
function answerClientError(error: NodeJS.ErrnoException, socket: Duplex, limits: ApiLimits): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { status, error: told } = clientRefusal(error.code, limits)
  const body = JSON.stringify(errorJson(told))
  const head = [`HTTP/1.1 ${status} Refused`, 'Content-Type: application/json', 'Connection: close']
  socket.end([...head, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n'))
}

function clientRefusal(code: string | undefined, { maxHeaderBytes }: ApiLimits): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW') return headersTooLarge(maxHeaderBytes)
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return requestTooSlow()
  return notHttp()
}

function withoutSecret(log: (text: string) => void, secret: string): (text: string) => void {
  return text => log(text.replaceAll(secret, '(secret)').replace(/Bearer +\S+/gi, 'Bearer (secret)'))
}

function listening(server: Server, { host, port }: NetAddress): Promise<number> {
  return new Promise((done, fail) => {
    server.once('error', error => fail(cannotListen(error, `${host}:${port}`)))
    server.listen(port, host, () => {
      const address = server.address()
      done(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

function cannotListen(error: NodeJS.ErrnoException, where: string): BookendError {
  const facts = { address: where, system: error.code ?? 'unknown' }
  if (error.code === 'EADDRINUSE')
    return new BookendError('address_in_use', `The API cannot listen on ${where}: another program has this port.`, {
      advice: 'Choose another port with --api HOST:PORT, or stop the program that has it.',
      facts,
      cause: error,
    })
  return new BookendError('bad_request', `The API cannot listen on ${where}: ${error.message}.`, {
    advice: 'Choose an address of this machine and a port above 1023 with --api HOST:PORT.',
    facts,
    cause: error,
  })
}

function close(server: Server, graceMs: number): Promise<void> {
  return new Promise(done => {
    const late = setTimeout(() => server.closeAllConnections(), graceMs)
    server.close(() => {
      clearTimeout(late)
      done()
    })
    server.closeIdleConnections()
  })
}
