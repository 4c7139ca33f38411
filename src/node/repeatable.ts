import { BookendError, jsonDecode, jsonEncode, toHex } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'
import type { Idempotency } from '../engine/index.ts'
import { requestKey } from '../payment/index.ts'
import type { Store } from '../ports/index.ts'

const PRINTABLE = /^[\x21-\x7e]{1,255}$/

/** Calls that are carried out once for each key: in this process by waiting for the first, over restarts by its record. */
export class Repeatables {
  readonly #store: Store
  readonly #running = new Map<string, { readonly fingerprint: string; readonly result: Promise<unknown> }>()
  /** How many payments with a key are waited for. */
  readonly #paying = new Map<string, number>()

  constructor(store: Store) {
    this.#store = store
  }

  /**
   * `carryOut` does it, and its record comes to be in the same commit; `recall` makes the answer out of the record of a call that
   * was carried out before.
   */
  async once<T, R>(
    kind: string,
    key: string | undefined,
    content: unknown,
    carryOut: (idempotency?: Idempotency) => Promise<T>,
    recall: (record: R) => Promise<T> | T,
  ): Promise<T> {
    if (key === undefined) return carryOut()
    checkIdempotencyKey(key)
    if (this.#paying.has(key)) throw usedForElse(key)
    const fingerprint = toHex(sha256(jsonEncode([kind, content])))
    const running = this.#running.get(key)
    if (running !== undefined) {
      if (running.fingerprint !== fingerprint) throw usedForElse(key)
      // Of the same kind and content, so of the same type.
      return running.result as Promise<T>
    }
    const result = this.#carryOutOrRecall(kind, { key, fingerprint }, carryOut, recall)
    this.#running.set(key, { fingerprint, result })
    try {
      return await result
    } finally {
      this.#running.delete(key)
    }
  }

  /**
   * A payment, whose repetitions the payments tell from each other themselves. They do not hear of a call of another kind before it
   * has left its record: until then it is refused here, and so are those while the payment is waited for.
   */
  async payment<T>(key: string | undefined, carryOut: () => Promise<T>): Promise<T> {
    if (key === undefined) return carryOut()
    checkIdempotencyKey(key)
    if (this.#running.has(key)) throw usedForElse(key)
    this.#paying.set(key, (this.#paying.get(key) ?? 0) + 1)
    try {
      return await carryOut()
    } finally {
      const left = (this.#paying.get(key) ?? 1) - 1
      if (left === 0) this.#paying.delete(key)
      else this.#paying.set(key, left)
    }
  }

  async #carryOutOrRecall<T, R>(
    kind: string,
    idempotency: Idempotency,
    carryOut: (idempotency: Idempotency) => Promise<T>,
    recall: (record: R) => Promise<T> | T,
  ): Promise<T> {
    const recordKey = requestKey(idempotency.key)
    // It comes first of those whose keys begin like it, which may be any number.
    const stored = (await this.#store.loadPage(recordKey, { limit: 1 })).get(recordKey)
    if (stored === undefined) return carryOut(idempotency)
    const record = jsonDecode<R & { readonly kind?: string; readonly fingerprint: string }>(stored)
    if (!record.ok || record.value.kind !== kind || record.value.fingerprint !== idempotency.fingerprint) {
      throw usedForElse(idempotency.key)
    }
    return recall(record.value)
  }
}

function checkIdempotencyKey(key: string): void {
  if (PRINTABLE.test(key)) return
  throw new BookendError('bad_request', 'An idempotency key has 1 to 255 printable ASCII characters, without spaces.', {
    advice: 'Use a UUID, for instance.',
  })
}

function usedForElse(key: string): BookendError {
  return new BookendError('conflict', `The idempotency key ${key} was used for something else.`, {
    advice: 'Use another key for another request.',
  })
}
