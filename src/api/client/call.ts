import { BookendError, type BookendErrorCode } from '../../base/index.ts'
import type { ErrorJson } from '../schemas/error.ts'

// One request and its answer. Nothing of Node stands here: it runs in a browser as well.

export interface ClientOptions {
  /** Such as `http://127.0.0.1:9740`; without a scheme it is http. */
  readonly url: string
  readonly token: string
  /** Instead of the one of this host, such as one that goes through a proxy. */
  readonly fetch?: typeof fetch
}

type Method = 'GET' | 'POST' | 'DELETE'
interface Request {
  readonly body?: object
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly idempotencyKey?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  readonly waiting?: { readonly signal?: AbortSignal | undefined } | undefined
}

export interface Caller {
  readonly url: string
  /** The answer with its body still to be read. Rejects for every status that is not a success. */
  response(method: Method, path: string, request?: Request): Promise<Response>
  /** The caller of it names what the route answers, as the schema says it: the server is of the same package. */
  json<T>(method: Method, path: string, request?: Request): Promise<T>
  bytes(method: Method, path: string, request?: Request): Promise<Uint8Array>
  nothing(method: Method, path: string, request?: Request): Promise<void>
}

export function callerOf({ url: given, token, fetch: own }: ClientOptions): Caller {
  const url = (/^https?:\/\//.test(given) ? given : `http://${given}`).replace(/\/+$/, '')
  const ask = own ?? ((input, init) => fetch(input, init))

  async function response(method: Method, path: string, request: Request = {}): Promise<Response> {
    const { body, query = {}, idempotencyKey, headers, waiting } = request
    const init = {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(waiting?.signal === undefined ? {} : { signal: waiting.signal }),
    }
    const answer = await ask(`${url}${path}${queryOf(query)}`, init).catch(error => {
      throw waiting?.signal?.aborted === true ? givenUp(error) : unreachable(url, error)
    })
    if (!answer.ok) throw await toldBy(answer, url)
    return answer
  }

  /** The body can break off after the status. */
  async function read<T>(answer: Response, body: (answer: Response) => Promise<T>, request?: Request): Promise<T> {
    return body(answer).catch(error => {
      if (request?.waiting?.signal?.aborted === true) throw givenUp(error)
      throw error instanceof SyntaxError ? notBookend(answer, url) : unreachable(url, error)
    })
  }

  async function json<T>(method: Method, path: string, request?: Request): Promise<T> {
    // Of the type that the caller named.
    return (await read(await response(method, path, request), answer => answer.json(), request)) as T
  }

  return {
    url,
    response,
    json,
    bytes: async (method, path, request) =>
      new Uint8Array(await read(await response(method, path, request), answer => answer.arrayBuffer(), request)),
    nothing: async (method, path, request) => {
      await read(await response(method, path, request), answer => answer.arrayBuffer(), request)
    },
  }
}

function queryOf(query: NonNullable<Request['query']>): string {
  const parts = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${encodeURIComponent(`${value}`)}`],
  )
  return parts.length === 0 ? '' : `?${parts.join('&')}`
}

/** The failure that the node told, as the same error that the node threw. */
async function toldBy(answer: Response, url: string): Promise<BookendError> {
  const told: unknown = await answer.json().catch(() => undefined)
  if (!isErrorJson(told)) return notBookend(answer, url)
  return toldIn(told)
}

export function toldIn({ error: { code, message, advice, facts } }: ErrorJson): BookendError {
  return new BookendError(code, message, { advice, facts })
}

export function isErrorJson(value: unknown): value is ErrorJson {
  if (typeof value !== 'object' || value === null || !('error' in value)) return false
  const { error } = value
  if (typeof error !== 'object' || error === null) return false
  if (!('code' in error && 'message' in error && 'advice' in error && 'facts' in error)) return false
  const texts = [error.code, error.message, error.advice]
  return texts.every(text => typeof text === 'string') && typeof error.facts === 'object' && error.facts !== null
}

export const givenUp = (cause: unknown): BookendError =>
  new BookendError('aborted', 'The call was given up by its caller.', {
    advice: 'Look whether it was carried out before it is made again, or repeat it with the same idempotency key.',
    cause,
  })

export const unreachable = (url: string, cause: unknown): BookendError =>
  new BookendError('stopped', `No node answers at ${url}.`, {
    advice: 'Start it with `bookend start`, or name another one with --data-dir or BOOKEND_API.',
    facts: { url, ...systemCodeOf(cause) },
    cause,
  })

/** What the system says, where it says something, such as ECONNREFUSED. */
function systemCodeOf(error: unknown): { readonly system?: string } {
  const { cause } = error instanceof Error ? error : {}
  const code: unknown = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? { system: code } : {}
}

/** Something answers, but it is not the API: a proxy, or another program. */
function notBookend(answer: Response, url: string): BookendError {
  const code: BookendErrorCode = 'internal'
  return new BookendError(code, `What answers at ${url} is not the API of a Bookend node.`, {
    advice: 'Check the address, and what stands between here and the node.',
    facts: { url, status: `${answer.status}`, contentType: answer.headers.get('content-type') ?? 'none' },
  })
}
