/** Asks for the tip again and again while someone listens, and calls back when it is another one, or when no answer comes any more. */
export class TipWatch {
  readonly #ask: () => Promise<string | undefined>
  #everyMs: number
  readonly #listeners = new Set<{ readonly call: () => void }>()
  /** What the listeners have been told of: a tip, or that nobody answers. Nothing yet where it is `undefined`. */
  #told: { readonly tip: string | undefined } | undefined
  #timer: NodeJS.Timeout | undefined
  #asking = false
  /** Somebody was in a hurry while an answer was awaited, which may be older than the news. */
  #again = false

  /** `ask` gives `undefined` where nobody answers, and does not reject. */
  constructor(ask: () => Promise<string | undefined>, everyMs: number) {
    this.#ask = ask
    this.#everyMs = everyMs
  }

  listen(call: () => void): () => void {
    const listener = { call }
    this.#listeners.add(listener)
    // Nobody knows what has changed since this one looked, so that the next answer is news in any case.
    this.#told = undefined
    if (this.#timer === undefined && !this.#asking) this.#next(0)
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.#rest()
    }
  }

  /** From now on it is asked so often, and once at once. */
  pace(everyMs: number): void {
    this.#everyMs = everyMs
    this.hurry()
  }

  /** There may be something new. However often this is said, one question is under way at a time. */
  hurry(): void {
    if (this.#listeners.size === 0) return
    this.#again = this.#asking
    if (this.#asking) return
    this.#rest()
    this.#next(0)
  }

  close(): void {
    this.#listeners.clear()
    this.#rest()
  }

  #rest(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #next(afterMs: number): void {
    // Who only listens does not keep the process alive.
    this.#timer = setTimeout(() => void this.#look(), afterMs).unref()
  }

  async #look(): Promise<void> {
    this.#timer = undefined
    this.#asking = true
    this.#again = false
    const tip = await this.#ask()
    this.#asking = false
    const news = this.#told === undefined || tip !== this.#told.tip
    this.#told = { tip }
    if (this.#listeners.size > 0) this.#next(this.#again ? 0 : this.#everyMs)
    if (!news) return
    // One that is called may stop another.
    for (const listener of [...this.#listeners]) if (this.#listeners.has(listener)) listener.call()
  }
}
