import type { EngineInput } from '../../src/engine/index.ts'
import { Oracle, type OracleOptions } from '../../src/sim/oracle.ts'
import type { Side } from '../engine/side.ts'

/** Tells an oracle what the sides of a stage do. Complaints are gathered, in their order. */
export class Overseer {
  readonly complaints: string[] = []
  readonly oracle: Oracle
  /** What the oracle took, in milliseconds. */
  spent = 0

  constructor(options: OracleOptions = {}) {
    this.oracle = new Oracle(options)
  }

  /** From now on, for each turn of the side. */
  watch(side: Side): void {
    const turn = side.turn.bind(side)
    side.turn = (...inputs: readonly EngineInput[]) => {
      // The stage performs effects within the turn, and nobody else's turn comes before its end.
      const effects = turn(...inputs)
      this.#told(() => this.oracle.turned(side.name, { inputs, after: side.state, effects }))
      return effects
    }
    const crash = side.crash.bind(side)
    side.crash = () => {
      crash()
      this.oracle.crashed(side.name)
    }
    const catchUp = side.catchUp.bind(side)
    // A start loads the records, and the first that follows is the chain.
    let isStarting = false
    const start = side.start.bind(side)
    side.start = () => {
      isStarting = true
      start()
    }
    side.catchUp = () => {
      if (isStarting) this.#told(() => this.oracle.started(side.name, side.state))
      isStarting = false
      catchUp()
    }
  }

  #told(ask: () => string | undefined): void {
    const before = performance.now()
    const complaint = ask()
    this.spent += performance.now() - before
    if (complaint !== undefined) this.complaints.push(complaint)
  }
}
