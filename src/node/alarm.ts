import type { Timers } from '../ports/index.ts'

/** Times are rounded up to this, so that many that are close share one. */
const GRAIN_MS = 50
/** A longer wait would be cut short by the host: then the alarm looks at the clock and waits on. */
const MAX_WAIT_MS = 2 ** 31 - 1

/** Rings at each of the times that were asked for, or soon after. It does not keep a process alive. */
export class Alarm {
  readonly #clock: () => number
  readonly #timers: Timers
  readonly #ring: () => void
  readonly #times = new Set<number>()
  #timer: { readonly at: number; readonly callOff: () => void } | undefined
  #stopped = false

  constructor(clock: () => number, timers: Timers, ring: () => void) {
    this.#clock = clock
    this.#timers = timers
    this.#ring = ring
  }

  set(at: number): void {
    if (this.#stopped) return
    const time = Math.ceil(at / GRAIN_MS) * GRAIN_MS
    this.#times.add(time)
    if (this.#timer === undefined || time < this.#timer.at) this.#wait(time)
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.callOff()
  }

  #wait(at: number): void {
    this.#timer?.callOff()
    const wait = Math.min(Math.max(at - this.#clock(), 0), MAX_WAIT_MS)
    this.#timer = { at, callOff: this.#timers.after(wait, () => this.#look(), { background: true }) }
  }

  #look(): void {
    this.#timer = undefined
    const now = this.#clock()
    const due = [...this.#times].filter(time => time <= now)
    for (const time of due) this.#times.delete(time)
    if (this.#times.size > 0) this.#wait(Math.min(...this.#times))
    if (due.length > 0) this.#ring()
  }
}
