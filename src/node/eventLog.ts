import { assert, jsonDecode } from '../base/index.ts'
import { EVENTS, eventKey, type NodeEvent, type NumberedEvent } from '../engine/index.ts'
import type { Store } from '../ports/index.ts'
import { readableStore, stoppedError } from './failures.ts'

/** Events that are read from the store in one go. */
const PAGE = 200

/** The durable log, and those who listen to it. */
export class EventLog {
  readonly #store: Store
  readonly #listeners = new Set<() => void>()
  #last: number
  #ended = false

  constructor(store: Store, last: number) {
    this.#store = readableStore(store)
    this.#last = last
  }

  /** Of the newest event; 0 before the first. */
  get last(): number {
    return this.#last
  }

  /** A new event, which is durable. */
  tell(event: NumberedEvent): void {
    this.#last = event.number
    for (const listener of this.#listeners) listener()
  }

  /** Nothing comes any more: all iterations end when they have had everything. */
  end(): void {
    this.#ended = true
    for (const listener of this.#listeners) listener()
  }

  /** All after the number `after`, and then what comes, without a gap. Those that the log has dropped are left out. */
  async *from(after: number, signal?: AbortSignal): AsyncGenerator<NumberedEvent, void, undefined> {
    let wake: () => void = () => undefined
    const listener = () => wake()
    this.#listeners.add(listener)
    signal?.addEventListener('abort', listener)
    const isOver = () => signal?.aborted === true
    try {
      let reached = after
      while (!isOver()) {
        if (reached < this.#last) {
          for (const event of await this.#page(reached)) {
            if (isOver()) return
            reached = event.number
            yield event
          }
          continue
        }
        if (this.#ended) return
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
    } finally {
      this.#listeners.delete(listener)
      signal?.removeEventListener('abort', listener)
    }
  }

  async #page(after: number): Promise<readonly NumberedEvent[]> {
    if (this.#ended) throw stoppedError()
    const records = await this.#store.loadPage(EVENTS, { after: eventKey(after), limit: PAGE })
    return [...records].map(([key, value]) => {
      const stored = jsonDecode<{ readonly at: number; readonly event: NodeEvent }>(value)
      assert(stored.ok, `event ${key} of the log can be read`)
      return { number: Number(key.slice(EVENTS.length)), ...stored.value }
    })
  }
}

/** The number of the newest event in the log; 0 where there is none. */
export async function lastEventOf(store: Store): Promise<number> {
  const newest = await store.loadPage(EVENTS, { limit: 1, backwards: true })
  for (const key of newest.keys()) return Number(key.slice(EVENTS.length))
  return 0
}
