/** Hands events to listeners one after the other, also where a listener brings about more of them. */
export class Announcer<E> {
  readonly #listeners = new Set<(event: E) => void>()
  readonly #waiting: E[] = []
  #busy = false

  /** The result unsubscribes. */
  subscribe(listener: (event: E) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  announce(events: readonly E[]): void {
    this.#waiting.push(...events)
    if (this.#busy) return
    this.#busy = true
    try {
      for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) {
        for (const listener of [...this.#listeners]) listener(event)
      }
    } finally {
      this.#busy = false
    }
  }
}
