/** Lets so many in at once. The others wait, and come in by turns. */
export class Gate {
  #places: number
  readonly #waiting: (() => void)[] = []

  constructor(places: number) {
    this.#places = places
  }

  async through<T>(work: () => Promise<T>): Promise<T> {
    if (this.#places > 0) this.#places -= 1
    else await new Promise<void>(enter => this.#waiting.push(enter))
    try {
      return await work()
    } finally {
      // The place goes to the next one in the line without becoming free.
      const next = this.#waiting.shift()
      if (next === undefined) this.#places += 1
      else next()
    }
  }
}
