import { Agent, type IncomingMessage, request } from 'node:http'
import { err, ok, type Result } from '../../base/index.ts'
import type { BitcoindLimits } from './limits.ts'
import type { Endpoint } from './login.ts'

// One exchange over HTTP: a text there, a text back, within limits of time and length.

export interface HttpAnswer {
  readonly status: number
  readonly text: string
}

export type HttpFailure =
  /** Nobody was there, or went away in the middle. */
  | { readonly type: 'no_answer'; readonly reason: string; readonly cause: unknown }
  /** Something answered, in another language or without end. */
  | { readonly type: 'bad_answer'; readonly what: string }

export interface HttpRequest {
  readonly body: string
  readonly authorization: string
  /**
   * Over a connection of its own: one that was kept may just be closed by the other side, and then nobody knows whether the
   * request arrived.
   */
  readonly fresh: boolean
}

export class HttpClient {
  readonly #endpoint: Endpoint
  readonly #limits: BitcoindLimits
  readonly #kept: Agent
  readonly #fresh = new Agent({ keepAlive: false })

  constructor(endpoint: Endpoint, limits: BitcoindLimits) {
    this.#endpoint = endpoint
    this.#limits = limits
    this.#kept = new Agent({ keepAlive: true, maxSockets: limits.concurrent })
  }

  post({ body, authorization, fresh }: HttpRequest): Promise<Result<HttpAnswer, HttpFailure>> {
    const { host, port, path } = this.#endpoint
    const { timeoutMs, answerBytes } = this.#limits
    return new Promise(done => {
      let late = false
      const end = (result: Result<HttpAnswer, HttpFailure>) => {
        clearTimeout(timer)
        done(result)
      }
      const fail = (error: NodeJS.ErrnoException) =>
        end(err(late ? noAnswer(`no answer within ${timeoutMs / 1000} s`, error) : failureOf(error)))
      const sent = request({
        host,
        port,
        path,
        method: 'POST',
        agent: fresh ? this.#fresh : this.#kept,
        headers: {
          authorization,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        },
      })
      const timer = setTimeout(() => {
        late = true
        sent.destroy(new Error('late'))
      }, timeoutMs)
      sent.on('error', fail)
      sent.on('response', response => {
        read(response, answerBytes).then(text => {
          if (text !== undefined) return end(ok({ status: response.statusCode ?? 0, text }))
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

/** The whole text; `undefined` where it is longer than allowed. */
async function read(response: IncomingMessage, most: number): Promise<string | undefined> {
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
  return Buffer.concat(chunks).toString('utf8')
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection cut',
  EPIPE: 'connection cut',
  ENOTFOUND: 'no host has this name',
  EAI_AGAIN: 'the name of the host cannot be looked up',
  EHOSTUNREACH: 'no way to this host',
  ENETUNREACH: 'no way to its network',
  ETIMEDOUT: 'no connection in time',
}

function failureOf(error: NodeJS.ErrnoException): HttpFailure {
  const code = error.code ?? ''
  // The codes of Node's parser of HTTP.
  if (code.startsWith('HPE_')) return { type: 'bad_answer', what: 'something that is not HTTP' }
  return noAnswer(REASONS[code] ?? (code === '' ? error.message : code), error)
}

function noAnswer(reason: string, cause: unknown): HttpFailure {
  return { type: 'no_answer', reason, cause }
}
