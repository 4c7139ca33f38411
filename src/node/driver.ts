import type { Store, StoreWrite } from '../ports/index.ts'

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
  /** Told after each turn, when its effects are begun: whoever waits for something to hold looks again. */
  readonly onTurn?: () => void
  /** Told once, when nothing will be done any more. */
  readonly onStop?: (reason: unknown) => void
}

interface Queued<Input, Failure> {
  readonly input: Input
  readonly settle: (result: InputResult<Failure>) => void
  readonly fail: (reason: unknown) => void
}

export class Driver<State, Input, Context, Effect, Failure> {
  readonly #options: DriverOptions<State, Input, Context, Effect, Failure>
  #state: State
  #queue: Queued<Input, Failure>[] = []
  #running: Promise<void> | undefined
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
  submit(input: Input): Promise<InputResult<Failure>> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped.reason)
    const result = new Promise<InputResult<Failure>>((settle, fail) => this.#queue.push({ input, settle, fail }))
    this.#running ??= this.#run()
    return result
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
      while (this.#queue.length > 0 && this.#stopped === undefined) await this.#turn()
    } finally {
      this.#running = undefined
    }
  }

  async #turn(): Promise<void> {
    const taken = this.#queue
    this.#queue = []
    try {
      const { state, writes, effects, results } = this.#stepAll(taken)
      if (writes.length > 0) await this.#options.store.commit(writes)
      this.#state = state
      for (const [index, { settle }] of taken.entries()) settle(results[index] ?? {})
      for (const effect of effects) await this.#options.perform(effect)
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
      const { next, failure, ...out } = machine.step(state, input, context)
      state = next
      writes.push(...out.writes)
      effects.push(...out.effects)
      return failure === undefined ? {} : { failure }
    }
    const results = taken.map(({ input }) => advance(input))
    advance(machine.endOfTurn)
    return { state, writes, effects, results }
  }
}
