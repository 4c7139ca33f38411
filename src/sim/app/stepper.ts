import type { Clock } from '../clock.ts'
import { BrokenRule } from '../watch.ts'

// The host's, whatever a test puts in its place later.
const hostImmediate = globalThis.setImmediate

const DAY_MS = 86_400_000
/** Where for so long no node has told anything and the application has done nothing, nothing is left to happen. */
const STILL_MS = 2 * DAY_MS
/** How long a run may take in all. */
const LONGEST_MS = 365 * DAY_MS
const MAX_HAPPENINGS = 5_000_000

/**
 * Lets virtual time run when nothing else is left to do. Nodes and application are promises: the host runs all that can run, and all
 * that comes of it, before it takes the next immediate (microtasks and ticks are emptied first). So in an immediate of the host every
 * one of them waits for something, and as nodes wait for nothing but the world, the next thing to happen is the world's.
 */
export class Stepper {
  readonly #clock: Clock
  #isStepping = false
  #movedAt = 0
  /** What the application waits for by the clock. */
  #sleeping = 0
  /** What the application waits for outside of the world. */
  readonly #outside = new Set<Promise<unknown>>()
  #broken: BrokenRule | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isStepping(): boolean {
    return this.#isStepping
  }

  /** Something happens that somebody may be waiting for. */
  moved(): void {
    this.#movedAt = this.#clock.now
  }

  /** The first one ends the run. */
  broken(rule: BrokenRule): void {
    this.#broken ??= rule
  }

  sleep(ms: number): Promise<void> {
    this.#sleeping += 1
    return new Promise(resolve => {
      this.#clock.after(Math.max(0, ms), () => {
        this.#sleeping -= 1
        this.moved()
        resolve()
      })
    })
  }

  /** The clock stands still until the promise is settled. */
  async outside<T>(work: Promise<T>): Promise<T> {
    this.#outside.add(work)
    try {
      return await work
    } finally {
      this.#outside.delete(work)
    }
  }

  /** Lets the world go on until the promise of `act` is settled. */
  async through<T>(act: () => Promise<T>): Promise<T> {
    this.#isStepping = true
    this.moved()
    try {
      let outcome: { readonly result: Promise<T> } | undefined
      const result = act()
      const settled = () => {
        outcome = { result }
      }
      result.then(settled, settled)
      await this.#until(() => outcome !== undefined)
      return await result
    } finally {
      this.#isStepping = false
    }
  }

  async #until(isOver: () => boolean): Promise<void> {
    const start = this.#clock.now
    for (let happenings = 0; ; happenings++) {
      await new Promise<void>(resolve => {
        hostImmediate(resolve)
      })
      if (this.#broken !== undefined) throw this.#broken
      if (isOver()) return
      if (this.#outside.size > 0) {
        await Promise.race([...this.#outside].map(work => work.catch(() => undefined)))
        continue
      }
      if (happenings > MAX_HAPPENINGS || this.#clock.now - start > LONGEST_MS)
        throw new BrokenRule('an end', 'the application has not come to its end, and the world goes on and on')
      const { nextAt } = this.#clock
      if (nextAt === undefined || this.#isStill())
        throw new BrokenRule('an end', 'nothing is left to happen, and the application still waits')
      this.#clock.step(nextAt)
    }
  }

  #isStill(): boolean {
    return this.#sleeping === 0 && this.#clock.now - this.#movedAt > STILL_MS
  }
}
