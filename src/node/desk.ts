import type { EngineContext, EngineInput, EngineState, PaymentProgress } from '../engine/index.ts'
import type { Store } from '../ports/index.ts'
import type { Repeatables } from './repeatable.ts'
import type { Requests } from './requests.ts'

/** What the verbs of a node are made of. */
export interface NodeDesk {
  /** Submits an input under a new number and waits for its reply. Rejects with a `BookendError`. */
  readonly ask: (
    input: (request: number) => EngineInput,
    onProgress?: (progress: PaymentProgress) => void,
  ) => ReturnType<Requests['ask']>
  readonly state: () => EngineState
  /** Resolves with what is found in the state, now or within so many milliseconds; else with nothing. */
  readonly until: <T>(holds: (state: EngineState) => T | undefined, patienceMs: number) => Promise<T | undefined>
  readonly context: () => EngineContext
  readonly store: Store
  readonly randomBytes: (length: number) => Uint8Array
  readonly repeatables: Repeatables
}
