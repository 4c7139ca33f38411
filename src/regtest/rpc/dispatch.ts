import type { Result } from '../../base/index.ts'
import type { Call } from './call.ts'
import { BLOCKCHAIN_CALLS } from './calls/blockchain.ts'
import { CONTROL_CALLS } from './calls/control.ts'
import { MEMPOOL_CALLS } from './calls/mempool.ts'
import { MINING_CALLS } from './calls/mining.ts'
import { PACKAGE_CALLS } from './calls/packages.ts'
import { TRANSACTION_CALLS } from './calls/transactions.ts'
import { fail, RPC, type RpcFailure } from './failure.ts'
import { type Json, objectOf } from './json.ts'
import type { Session } from './session.ts'

// From the body of a request to the body of its answer: JSON-RPC 1.0, 1.1 and 2.0, one request or a batch, with the HTTP
// statuses of Bitcoin Core.

export interface Answer {
  readonly status: number
  /** Absent where nothing is to be said: notifications of JSON-RPC 2.0. */
  readonly body?: Json
  /** The chain may be another one than before. */
  readonly changed: boolean
}

/** Requests in one batch at most. */
export const MAX_BATCH = 1000

const CALLS: ReadonlyMap<string, Call> = new Map(
  [
    ...BLOCKCHAIN_CALLS,
    ...MEMPOOL_CALLS,
    ...TRANSACTION_CALLS,
    ...PACKAGE_CALLS,
    ...MINING_CALLS,
    ...CONTROL_CALLS,
  ].map(call => [call.name, call]),
)

/** How each call is used, by its name. */
export const USAGES: ReadonlyMap<string, string> = new Map([...CALLS.values()].map(({ name, usage }) => [name, usage]))

export function answer(session: Session, body: string): Answer {
  const parsed = parse(body)
  if (parsed === undefined) return refusal(fail(RPC.PARSE_ERROR, 'Parse error').error)
  if (!Array.isArray(parsed)) {
    if (objectOf(parsed) === undefined) return refusal(fail(RPC.PARSE_ERROR, 'Top-level object parse error').error)
    return answerOne(session, parsed)
  }
  if (parsed.length > MAX_BATCH) {
    return refusal(fail(RPC.INVALID_REQUEST, `expected at most ${MAX_BATCH} requests, got ${parsed.length}`).error)
  }
  const answers = parsed.map(request => answerOne(session, request))
  const changed = answers.some(each => each.changed)
  const bodies = answers.flatMap(each => (each.body === undefined ? [] : [each.body]))
  // A batch of notifications gets no answer; an empty one gets an empty list, as it always did.
  return parsed.length > 0 && bodies.length === 0 ? { status: 204, changed } : { status: 200, body: bodies, changed }
}

/** What a request says about itself, as far as it can be read. */
interface Envelope {
  readonly version: 1 | 2
  readonly hasId: boolean
  readonly id: unknown
}

function answerOne(session: Session, raw: unknown): Answer {
  const request = objectOf(raw)
  if (request === undefined) return refusal(fail(RPC.INVALID_REQUEST, 'Invalid Request object').error)
  const envelope: Envelope = {
    version: request.jsonrpc === '2.0' ? 2 : 1,
    hasId: Object.hasOwn(request, 'id'),
    id: request.id,
  }
  // Core gives any JSON back. One that is nested deeper than the stack could not be written, when the call has been carried out.
  if (typeof request.id === 'object' && request.id !== null)
    return refusal(fail(RPC.INVALID_REQUEST, 'Id must be a string, a number or null').error)
  const call = findCall(request)
  const changed = call.ok && call.value.changes
  const result = call.ok ? call.value.run(session, request.params ?? []) : call
  if (envelope.version === 2 && !envelope.hasId) return { status: 204, changed }
  return { status: statusOf(envelope, result), body: replyView(envelope, result), changed }
}

function findCall(request: Readonly<Record<string, unknown>>): Result<Call, RpcFailure> {
  const { jsonrpc, method, params } = request
  const invalid = (message: string) => fail(RPC.INVALID_REQUEST, message)
  if (jsonrpc !== undefined && jsonrpc !== null) {
    if (typeof jsonrpc !== 'string') return invalid('jsonrpc field must be a string')
    if (jsonrpc !== '1.0' && jsonrpc !== '1.1' && jsonrpc !== '2.0') return invalid('JSON-RPC version not supported')
  }
  if (method === undefined || method === null) return invalid('Missing method')
  if (typeof method !== 'string') return invalid('Method must be a string')
  if (params !== undefined && typeof params !== 'object') return invalid('Params must be an array or object')
  const call = CALLS.get(method)
  return call === undefined ? fail(RPC.METHOD_NOT_FOUND, 'Method not found') : { ok: true, value: call }
}

/** JSON-RPC 2.0 tells errors in the body alone. */
function statusOf({ version }: Envelope, result: Result<Json, RpcFailure>): number {
  if (result.ok || version === 2) return 200
  if (result.error.code === RPC.INVALID_REQUEST) return 400
  return result.error.code === RPC.METHOD_NOT_FOUND ? 404 : 500
}

function replyView({ version, hasId, id }: Envelope, result: Result<Json, RpcFailure>): Json {
  // The id came as JSON, and goes back as it came.
  const identity = hasId ? { id: id as Json } : {}
  const error = result.ok ? null : { code: result.error.code, message: result.error.message }
  if (version === 1) return { result: result.ok ? result.value : null, error, ...identity }
  return result.ok ? { jsonrpc: '2.0', result: result.value, ...identity } : { jsonrpc: '2.0', error, ...identity }
}

/** For what is no request at all, so that nobody knows its version or id. */
export function refusal(failure: RpcFailure): Answer {
  const envelope: Envelope = { version: 1, hasId: true, id: null }
  const failed = { ok: false as const, error: failure }
  return { status: statusOf(envelope, failed), body: replyView(envelope, failed), changed: false }
}

function parse(body: string): unknown {
  try {
    const parsed: unknown = JSON.parse(body)
    return parsed
  } catch {
    return undefined
  }
}
