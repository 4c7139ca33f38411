import { BookendError, type BookendErrorCode } from '../base/index.ts'
import type { ErrorJson } from './schemas/error.ts'

// What the API itself refuses, and how every failure becomes an answer.

/** A failure with its place in HTTP. */
export interface Refusal {
  readonly status: number
  readonly error: BookendError
  readonly headers?: Readonly<Record<string, string>>
}

/** The one table of codes and statuses. */
const STATUS_OF_CODE: Readonly<Record<BookendErrorCode, number>> = {
  bad_request: 400,
  not_found: 404,
  not_possible_now: 409,
  conflict: 409,
  insufficient_funds: 409,
  limit_reached: 429,
  unauthorized: 401,
  forbidden: 403,
  budget_exceeded: 403,
  peer_unreachable: 502,
  peer_refused: 502,
  payment_failed: 422,
  timeout: 504,
  aborted: 409,
  chain_unavailable: 503,
  wrong_network: 400,
  wrong_passphrase: 403,
  address_in_use: 409,
  data_directory: 500,
  disk: 507,
  stopped: 503,
  internal: 500,
}

export const refusalOf = (error: BookendError): Refusal => ({ status: STATUS_OF_CODE[error.code], error })

export const errorJson = ({ code, message, advice, facts }: BookendError): ErrorJson => ({
  error: { code, message, advice, facts: { ...facts } },
})

const SEE_ROUTES = 'GET /v1/openapi.json lists all routes and what they take.'

export const unknownRoute = (path: string): Refusal => ({
  status: 404,
  error: new BookendError('not_found', `There is no route ${path}.`, { advice: SEE_ROUTES }),
})

export const methodNotAllowed = (method: string, path: string, allowed: readonly string[]): Refusal => ({
  status: 405,
  error: new BookendError('bad_request', `${path} does not take ${method}.`, {
    advice: SEE_ROUTES,
    facts: { expected: allowed.join(', '), got: method },
  }),
  headers: { Allow: allowed.join(', ') },
})

export const malformedJson = (): Refusal => ({
  status: 400,
  error: new BookendError('bad_request', 'The body is not JSON.', { advice: 'Send one JSON object in UTF-8.' }),
})

export const wrongContentType = (got: string | undefined): Refusal => ({
  status: 415,
  error: new BookendError('bad_request', 'The body has to be application/json.', {
    advice: 'Send the header `Content-Type: application/json`.',
    facts: { expected: 'application/json', got: got ?? 'nothing' },
  }),
})

/** What is left of the body is not read, so the connection is of no further use. */
export const bodyTooLarge = (maxBytes: number): Refusal => ({
  status: 413,
  error: new BookendError('bad_request', `The body has more than ${maxBytes} bytes.`, {
    advice: `Send at most ${maxBytes} bytes.`,
    facts: { maxBodyBytes: `${maxBytes}` },
  }),
  headers: { Connection: 'close' },
})

export const urlTooLong = (maxLength: number): Refusal => ({
  status: 414,
  error: new BookendError('bad_request', `The URL has more than ${maxLength} characters.`, {
    advice: SEE_ROUTES,
    facts: { maxUrlLength: `${maxLength}` },
  }),
  headers: { Connection: 'close' },
})

export const headersTooLarge = (maxBytes: number): Refusal => ({
  status: 431,
  error: new BookendError('bad_request', `The headers have more than ${maxBytes} bytes.`, {
    advice: 'Send fewer and shorter headers.',
    facts: { maxHeaderBytes: `${maxBytes}` },
  }),
})

export const requestTooSlow = (): Refusal => ({
  status: 408,
  error: new BookendError('timeout', 'The request did not arrive whole in time.', { advice: 'Send it in one go.' }),
})

export const notHttp = (): Refusal => ({
  status: 400,
  error: new BookendError('bad_request', 'This is no HTTP request.', { advice: SEE_ROUTES }),
})

export const callerGone = (): Refusal => ({
  status: 400,
  error: new BookendError('aborted', 'The caller hung up before its request was whole.', { advice: 'Send it again.' }),
})

/** A page in a browser that resolves its own name to this machine (DNS rebinding) is kept out by the name it came under. */
export const wrongHost = (): Refusal => ({
  status: 403,
  error: new BookendError('forbidden', 'This name is not one of this API.', {
    advice: 'Call it by the address that it listens on, or as localhost.',
    facts: { header: 'Host' },
  }),
})

const BEARER = { 'WWW-Authenticate': 'Bearer' }
const HOW_TO_SIGN_IN =
  'Send `Authorization: Bearer …` with the secret in the data directory, or with that of a token that is not revoked.'

export const noToken = (): Refusal => ({
  status: 401,
  error: new BookendError('unauthorized', 'There is no bearer token with this request.', { advice: HOW_TO_SIGN_IN }),
  headers: BEARER,
})

export const unknownToken = (): Refusal => ({
  status: 401,
  error: new BookendError('unauthorized', 'The bearer token is not known.', { advice: HOW_TO_SIGN_IN }),
  headers: BEARER,
})

export const outOfScope = (needed: readonly string[]): Refusal => ({
  status: 403,
  error: new BookendError('forbidden', 'The token may not do this.', {
    advice: `Use a token with the scope ${needed.join(' or ')}.`,
    facts: { expected: needed.join(' or ') },
  }),
})

export const tooManyStreams = (max: number): Refusal =>
  refusalOf(
    new BookendError('limit_reached', `There are ${max} readers of events already.`, {
      advice: 'Close one of them, or share one between programs.',
      facts: { maxEventStreams: `${max}` },
    }),
  )

/** The caller learns that it happened, and nothing of the inside: that goes to the log. */
export const wentWrong = (): Refusal =>
  refusalOf(
    new BookendError('internal', 'Something went wrong inside the node.', {
      advice: "Look into the node's log, and report it if it happens again.",
    }),
  )
