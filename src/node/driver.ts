import type { Store, StoreWrite, Timers } from '../ports/index.ts'
import { HOST_TIMERS } from './timers.ts'

// The hands of a pure machine, and the only code that acts. A turn takes all inputs that are queued, steps the machine through
// them, commits all their writes in one go, and only then carries out their effects:
//
//     inputs -> step, step, step, end of turn -> store.commit(writes) -> state and results -> effects
//
// So what anyone sees is always durable already, one commit serves everything that moved in the turn, and under load
// the turns make their own batches.
//
// Whatever goes wrong in a turn stops the driver for good, as a crash would. Then only a new start from the records is safe.

/** What is driven: values in, values out. */
export interface Machine<State, Input, Context, Effect, Failure> {
  step(state: State, input: Input, context: Context): MachineStep<State, Effect, Failure>
  /** Told last in each turn, when nothing else is queued. */
  readonly endOfTurn: Input
  /** Does a part of what a later step would have to do, while there is nothing else to do. True where more is left. */
  prepare?(state: State, context: Context): boolean
}

export interface MachineStep<State, Effect, Failure> {
  readonly next: State
  readonly writes: readonly StoreWrite[]
  readonly effects: readonly Effect[]
  readonly failure?: Failure
}

/** What became of one input, told when its turn is durable. */
export interface InputResult<Failure> {
  readonly failure?: Failure
}

export interface DriverOptions<State, Input, Context, Effect, Failure> {
  readonly machine: Machine<State, Input, Context, Effect, Failure>
  readonly store: Store
  /** What the machine may look at now: asked before each turn. */
  readonly context: () => Context
  /**
   * Carries out one effect; the next one waits for it. What it wants to tell the machine goes through `submit`, whose result it
   * must not wait for: that turn comes after this one. The world's weather, such as a connection that is gone, is its own
   * business; a rejection stops the driver.
   */
  readonly perform: (effect: Effect) => Promise<void> | void
  readonly state: State
  /** Default: the host's. */
  readonly timers?: Timers
  /** Told after each turn, when its effects are begun: whoever waits for something to hold looks again. */
  readonly onTurn?: () => void
  /** Told once, when nothing will be done any more. */
  readonly onStop?: (reason: unknown) => void
}

/** Inputs that came together, and who waits for what became of them. */
interface Queued<Input, Failure> {
  readonly inputs: readonly Input[]
  readonly settle: (results: readonly InputResult<Failure>[]) => void
  readonly fail: (reason: unknown) => void
}

const NO_FAILURE = {}

export class Driver<State, Input, Context, Effect, Failure> {
  readonly #options: DriverOptions<State, Input, Context, Effect, Failure>
  #state: State
  #queue: Queued<Input, Failure>[] = []
  #running: Promise<void> | undefined
  #preparing = false
  /** Why nothing is done any more. */
  #stopped: { readonly reason: unknown } | undefined

  constructor(options: DriverOptions<State, Input, Context, Effect, Failure>) {
    this.#options = options
    this.#state = options.state
  }

  /** What is durable, and nothing else. */
  get state(): State {
    return this.#state
  }

  /** What the machine would look at now. */
  context(): Context {
    return this.#options.context()
  }

  /** Whether anything is queued or being done. */
  get busy(): boolean {
    return this.#running !== undefined
  }

  /**
   * Resolves when the input's turn is durable, before its effects. Rejects once the driver has stopped. Whoever reads what a
   * peer sends waits for it before reading on, so that no peer can fill the queue.
   */
  async submit(input: Input): Promise<InputResult<Failure>> {
    const [result] = await this.submitAll([input])
    return result ?? NO_FAILURE
  }

  /** The same for inputs that came together, in their order: one promise for all of them. */
  submitAll(inputs: readonly Input[]): Promise<readonly InputResult<Failure>[]> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped.reason)
    const { promise, resolve: settle, reject: fail } = Promise.withResolvers<readonly InputResult<Failure>[]>()
    this.#queue.push({ inputs, settle, fail })
    this.#running ??= this.#run()
    return promise
  }

  /** Resolves when nothing is queued and nothing is being done. Rejects once the driver has stopped. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
    if (this.#stopped !== undefined) throw this.#stopped.reason
  }

  async #run(): Promise<void> {
    try {
      // Inputs that arrive in the same instant share a turn.
      await Promise.resolve()
      while (this.#queue.length > 0 && this.#stopped === undefined) {
        await this.#turn()
        // What the turn sent leaves the host at the end of this tick: before the next turn keeps the processor busy.
        if (this.#queue.length > 0) await nextTick()
      }
    } finally {
      this.#running = undefined
    }
    this.#prepareLater()
  }

  /** After whatever waits to be read or written, and only if that brings no turn. */
  #prepareLater(): void {
    const { machine, context, timers = HOST_TIMERS } = this.#options
    if (machine.prepare === undefined || this.#preparing) return
    this.#preparing = true
    timers.whenIdle(() => {
      this.#preparing = false
      if (this.busy || this.#stopped !== undefined) return
      if (machine.prepare?.(this.#state, context()) === true) this.#prepareLater()
    })
  }

  async #turn(): Promise<void> {
    const taken = this.#queue
    this.#queue = []
    try {
      const { state, writes, effects, results } = this.#stepAll(taken)
      if (writes.length > 0) await this.#options.store.commit(writes)
      this.#state = state
      for (const [index, { settle }] of taken.entries()) settle(results[index] ?? [])
      for (const effect of effects) {
        const begun = this.#options.perform(effect)
        if (begun !== undefined) await begun
      }
      this.#options.onTurn?.()
    } catch (reason) {
      // What was to be stored may or may not be: going on could show the world a state that a restart takes back.
      this.#stopped = { reason }
      // Where a result was told already, this changes nothing.
      for (const { fail } of [...taken, ...this.#queue]) fail(reason)
      this.#queue = []
      this.#options.onStop?.(reason)
    }
  }

  /** The steps of one turn. Nothing but the return value knows of them yet. */
  #stepAll(taken: readonly Queued<Input, Failure>[]) {
    const { machine } = this.#options
    const context = this.#options.context()
    const writes: StoreWrite[] = []
    const effects: Effect[] = []
    let state = this.#state
    const advance = (input: Input): InputResult<Failure> => {
      const step = machine.step(state, input, context)
      state = step.next
      for (const write of step.writes) writes.push(write)
      for (const effect of step.effects) effects.push(effect)
      return step.failure === undefined ? NO_FAILURE : { failure: step.failure }
    }
    const results = taken.map(({ inputs }) => inputs.map(advance))
    advance(machine.endOfTurn)
    return { state, writes, effects, results }
  }
}

function nextTick(): Promise<void> {
  return new Promise(resolve => {
    process.nextTick(resolve)
  })
}
