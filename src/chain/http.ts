import { Agent, type IncomingMessage, request } from 'node:http'
import { Agent as SecureAgent, request as secureRequest } from 'node:https'
import { err, ok, type Result } from '../base/index.ts'
import { networkReason } from './words.ts'

// One exchange over HTTP or HTTPS: a text there, bytes back, within limits of time and length.

export interface Endpoint {
  readonly host: string
  readonly port: number
  readonly path: string
  /** `host:port`, for people. */
  readonly where: string
  /** Over TLS, with a certificate that this computer trusts. */
  readonly secure?: boolean
}

export interface HttpLimits {
  /** For one exchange, from the connection to the last byte of the answer. */
  readonly timeoutMs: number
  /** Exchanges at once. */
  readonly concurrent: number
  /** Of one answer. */
  readonly answerBytes: number
}

export interface HttpAnswer {
  readonly status: number
  readonly bytes: Uint8Array
}

export type HttpFailure =
  /** Nobody was there, or went away in the middle. */
  | { readonly type: 'no_answer'; readonly reason: string; readonly cause: unknown }
  /** Something answered, in another language or without end. */
  | { readonly type: 'bad_answer'; readonly what: string }

export interface HttpRequest {
  /** What is posted; without it, something is got. */
  readonly body?: string
  /** Below the path of the endpoint. */
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  /**
   * Over a connection of its own: one that was kept may just be closed by the other side, and then nobody knows whether the
   * request arrived.
   */
  readonly fresh?: boolean
}

export class HttpClient {
  readonly #endpoint: Endpoint
  readonly #limits: HttpLimits
  readonly #kept: Agent
  readonly #fresh: Agent

  constructor(endpoint: Endpoint, limits: HttpLimits) {
    this.#endpoint = endpoint
    this.#limits = limits
    const OneOf = endpoint.secure === true ? SecureAgent : Agent
    this.#kept = new OneOf({ keepAlive: true, maxSockets: limits.concurrent })
    this.#fresh = new OneOf({ keepAlive: false })
  }

  send({ body, path: below = '', headers, fresh = false }: HttpRequest): Promise<Result<HttpAnswer, HttpFailure>> {
    const { host, port, path, secure = false } = this.#endpoint
    const { timeoutMs, answerBytes } = this.#limits
    return new Promise(done => {
      let late = false
      const end = (result: Result<HttpAnswer, HttpFailure>) => {
        clearTimeout(timer)
        done(result)
      }
      const fail = (error: NodeJS.ErrnoException) =>
        end(err(late ? noAnswer(`no answer within ${timeoutMs / 1000} s`, error) : failureOf(error)))
      const sent = (secure ? secureRequest : request)({
        host,
        port,
        path: `${path}${below}`,
        method: body === undefined ? 'GET' : 'POST',
        agent: fresh ? this.#fresh : this.#kept,
        headers: {
          ...headers,
          ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
        },
      })
      const timer = setTimeout(() => {
        late = true
        sent.destroy(new Error('late'))
      }, timeoutMs)
      sent.on('error', fail)
      sent.on('response', response => {
        read(response, answerBytes).then(bytes => {
          if (bytes !== undefined) return end(ok({ status: response.statusCode ?? 0, bytes }))
          sent.destroy()
          return end(err({ type: 'bad_answer', what: `more than ${answerBytes} bytes` }))
        }, fail)
      })
      sent.end(body)
    })
  }

  /** Cuts what is under way. */
  close(): void {
    this.#kept.destroy()
    this.#fresh.destroy()
  }
}

/** All of it; `undefined` where it is longer than allowed. */
async function read(response: IncomingMessage, most: number): Promise<Uint8Array | undefined> {
  if (Number(response.headers['content-length'] ?? 0) > most) return undefined
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response) {
    // A response without an encoding gives bytes.
    const bytes = chunk as Uint8Array
    length += bytes.length
    if (length > most) return undefined
    chunks.push(bytes)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

function failureOf(error: NodeJS.ErrnoException): HttpFailure {
  const code = error.code ?? ''
  // The codes of Node's parser of HTTP.
  if (code.startsWith('HPE_')) return { type: 'bad_answer', what: 'something that is not HTTP' }
  return noAnswer(networkReason(error), error)
}

function noAnswer(reason: string, cause: unknown): HttpFailure {
  return { type: 'no_answer', reason, cause }
}
