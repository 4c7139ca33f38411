import type { Timers } from '../../ports/index.ts'
import type { Clock } from '../clock.ts'

/** How long a whole batch of idle work waits: after what is due in the same instant. */
const IDLE_MS = 1

/**
 * One process of a node, from its start to its end or crash. Whatever the process has begun ends with it: its timers never ring again,
 * and what it asked of its disk, its chain or its network is never answered.
 */
export class Life {
  readonly #clock: Clock
  readonly #over = Promise.withResolvers<'over'>()
  #alive = true

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get alive(): boolean {
    return this.#alive
  }

  /** Resolves when the process is gone. */
  get over(): Promise<'over'> {
    return this.#over.promise
  }

  end(): void {
    this.#alive = false
    this.#over.resolve('over')
  }

  /** Only if the process still runs then. */
  after(ms: number, act: () => void): void {
    this.#clock.after(ms, () => {
      if (this.#alive) act()
    })
  }

  /** Never, where the process ends before. */
  answer<T>(ms: number, act: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.after(ms, () => {
        try {
          resolve(act())
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  readonly timers: Timers = {
    after: (ms, act) => {
      let isOff = false
      this.after(Math.max(0, Math.ceil(ms)), () => {
        if (!isOff) act()
      })
      return () => {
        isOff = true
      }
    },
    whenIdle: act => this.after(IDLE_MS, act),
  }
}
