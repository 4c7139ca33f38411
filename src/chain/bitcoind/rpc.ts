import { setTimeout as pause } from 'node:timers/promises'
import { err, ok, type Result } from '../../base/index.ts'
import type { ChainError } from '../../ports/index.ts'
import { Gate } from '../gate.ts'
import { type Endpoint, type HttpAnswer, HttpClient } from '../http.ts'
import { closed, quoted } from '../words.ts'
import { badAnswer, forbidden, notReady, unauthorized, unreachable } from './errors.ts'
import type { BitcoindLimits } from './limits.ts'
import type { Login } from './login.ts'
import { fieldsOf, RPC, type RpcReply } from './reply.ts'

/** A call that nobody answered. */
interface Missed {
  readonly error: ChainError
  /** Whether the next attempt may do better. */
  readonly again: boolean
}

/** The JSON-RPC of one bitcoind: what it says comes back as a value, and a `ChainError` is thrown when it says nothing. */
export class RpcClient {
  readonly where: string
  readonly limits: BitcoindLimits
  readonly #login: Login
  readonly #http: HttpClient
  readonly #gate: Gate
  readonly #closing = new AbortController()
  #lastId = 0

  constructor(endpoint: Endpoint, login: Login, limits: BitcoindLimits) {
    this.where = endpoint.where
    this.#login = login
    this.limits = limits
    this.#http = new HttpClient(endpoint, limits)
    this.#gate = new Gate(limits.concurrent)
  }

  /** A read: where nobody answers it is asked again, after a pause, unless there are to be fewer attempts. */
  async ask(method: string, params: readonly unknown[], attempts = this.limits.attempts): Promise<RpcReply> {
    for (let attempt = 1; ; attempt++) {
      const reply = await this.#attempt(method, params, false)
      if (reply.ok) return reply.value
      if (!reply.error.again || attempt >= attempts) throw reply.error.error
      await this.#pause(this.limits.firstPauseMs * 4 ** (attempt - 1))
    }
  }

  /** What changes something: asked once, so that it is the caller who decides about a second time. */
  async tell(method: string, params: readonly unknown[]): Promise<RpcReply> {
    const reply = await this.#attempt(method, params, true)
    if (reply.ok) return reply.value
    throw reply.error.error
  }

  /** What is under way is cut. */
  close(): void {
    this.#closing.abort()
    this.#http.close()
  }

  #attempt(method: string, params: readonly unknown[], fresh: boolean): Promise<Result<RpcReply, Missed>> {
    return this.#gate.through(async () => {
      this.#lastId += 1
      const id = this.#lastId
      // Version 1.0 is what every Core answers in the same shape: 2.0 has another one since Core 28.
      const body = JSON.stringify({ jsonrpc: '1.0', id, method, params })
      const answer = await this.#exchange(body, method, fresh)
      return answer.ok ? this.#judge(answer.value, method, id) : answer
    })
  }

  async #exchange(body: string, method: string, fresh: boolean): Promise<Result<HttpAnswer, Missed>> {
    const { where } = this
    const post = async (authorization: string): Promise<Result<HttpAnswer, Missed>> => {
      if (this.#closing.signal.aborted) return missed(closed())
      const answer = await this.#http.send({
        body,
        headers: { authorization, 'content-type': 'application/json' },
        fresh,
      })
      if (answer.ok) return answer
      if (this.#closing.signal.aborted) return missed(closed())
      const { error } = answer
      return error.type === 'no_answer'
        ? missed(unreachable(where, error.reason, error.cause), true)
        : missed(badAnswer(where, method, error.what))
    }
    const authorization = await this.#login.header()
    const answer = await post(authorization)
    if (!answer.ok || answer.value.status !== 401) return answer
    // A bitcoind that was started again has written another cookie. What it turned away, it did not do.
    const renewed = await this.#login.renewed(authorization)
    return renewed === undefined ? answer : post(renewed)
  }

  #judge({ status, bytes }: HttpAnswer, method: string, id: number): Result<RpcReply, Missed> {
    const { where } = this
    const text = Buffer.from(bytes).toString('utf8')
    if (status === 401) return missed(unauthorized(where))
    if (status === 403) return missed(forbidden(where, method))
    if (status === 503) return missed(notReady(where, 'it has too much to do'), true)
    const reply = replyOf(text, id)
    if (reply === undefined) return missed(badAnswer(where, method, `something else than JSON-RPC (HTTP ${status})`))
    if (!reply.ok && reply.error.code === RPC.IN_WARMUP)
      return missed(notReady(where, quoted(reply.error.message)), true)
    return ok(reply)
  }

  async #pause(ms: number): Promise<void> {
    try {
      await pause(ms, undefined, { signal: this.#closing.signal })
    } catch (error) {
      throw this.#closing.signal.aborted ? closed() : error
    }
  }
}

function missed(error: ChainError, again = false): { readonly ok: false; readonly error: Missed } {
  return err({ error, again })
}

/** The answer to our request; `undefined` for everything else. Errors come with HTTP 500 or 404, so the status says nothing. */
function replyOf(text: string, id: number): RpcReply | undefined {
  const reply = fieldsOf(parsed(text))
  if (reply === undefined || reply.id !== id) return undefined
  if (reply.error === null || reply.error === undefined)
    return Object.hasOwn(reply, 'result') ? ok(reply.result) : undefined
  const { code, message } = fieldsOf(reply.error) ?? {}
  return typeof code === 'number' && typeof message === 'string' ? err({ code, message }) : undefined
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    // What is no JSON is no answer, and is told as that.
    return undefined
  }
}
