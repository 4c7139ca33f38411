import { defined } from '../base/index.ts'
import type { EngineReply, PaymentProgress } from '../engine/index.ts'
import { adapterError, engineError, paymentError } from './failures.ts'

type GoodReply = Exclude<EngineReply, { type: 'failed' | 'refused' }>

interface Waiting {
  readonly resolve: (reply: GoodReply) => void
  readonly reject: (reason: unknown) => void
  readonly onProgress: ((progress: PaymentProgress) => void) | undefined
}

/** Calls that wait for their reply, by a number that the engine carries through. */
export class Requests {
  readonly #waiting = new Map<number, Waiting>()
  #last = 0

  /** Submits under a new number, and waits for the reply. A rejection is a `BookendError` wherever the engine refuses or the disk fails. */
  ask(
    submit: (request: number) => Promise<unknown>,
    onProgress?: (progress: PaymentProgress) => void,
  ): Promise<GoodReply> {
    this.#last += 1
    const request = this.#last
    return new Promise((resolve, reject) => {
      this.#waiting.set(request, { resolve, reject: reason => reject(adapterError(reason)), onProgress })
      submit(request).catch(reason => this.#take(request)?.reject(reason))
    })
  }

  /** Its reply is still to come. */
  progress(request: number, progress: PaymentProgress): void {
    this.#waiting.get(request)?.onProgress?.(progress)
  }

  /** A request that was answered already, or given up, is no longer there. */
  answer(request: number, reply: EngineReply): void {
    const waiting = this.#take(request)
    if (waiting === undefined) return
    if (reply.type === 'failed') waiting.reject(engineError(reply.failure))
    else if (reply.type === 'refused') waiting.reject(paymentError(reply.failure))
    else waiting.resolve(reply)
  }

  reject(request: number, reason: unknown): void {
    this.#take(request)?.reject(reason)
  }

  /** Nothing will be answered any more. */
  rejectAll(reason: unknown): void {
    for (const request of [...this.#waiting.keys()]) this.reject(request, reason)
  }

  #take(request: number): Waiting | undefined {
    const waiting = this.#waiting.get(request)
    this.#waiting.delete(request)
    return waiting
  }
}

/** The reply of the kind that the request brings. */
export function replyOf<T extends GoodReply['type']>(reply: GoodReply, type: T): Extract<GoodReply, { type: T }> {
  // A request has one kind of good reply.
  return defined(
    reply.type === type ? (reply as Extract<GoodReply, { type: T }>) : undefined,
    `a reply of type ${type}`,
  )
}
