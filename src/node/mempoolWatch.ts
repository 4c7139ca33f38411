import type { OutPoint, Txid } from '../base/index.ts'
import { type Tx, txid } from '../bitcoin/index.ts'
import { type Chain, ChainError, type Timers } from '../ports/index.ts'

/** How often the mempool is looked at. */
export const LOOK_AT_MEMPOOL_MS = 10_000
/** So many outpoints are asked for at once; where there are more, they take turns. */
const MAX_OUTPOINTS = 200
/** Transactions that were told already. */
const MAX_TOLD = 1_000

export interface MempoolWatchOptions {
  readonly chain: Chain
  /** What is at stake, the most urgent first. */
  readonly outpoints: () => readonly OutPoint[]
  readonly tell: (tx: Tx) => void
  readonly timers: Timers
}

/**
 * Looks for transactions that wait for a block and spend what is ours or may become it: a preimage in one of them is of use at once, and
 * a revoked commitment is answered before it has confirmed. What is missed here is seen in the block.
 */
export class MempoolWatch {
  readonly #options: MempoolWatchOptions
  readonly #told = new Set<Txid>()
  #turn = 0
  #callOff: (() => void) | undefined
  #stopped = false

  constructor(options: MempoolWatchOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#stopped) return
    this.#callOff = this.#options.timers.after(LOOK_AT_MEMPOOL_MS, () => void this.#look(), { background: true })
  }

  stop(): void {
    this.#stopped = true
    this.#callOff?.()
  }

  async #look(): Promise<void> {
    const asked = this.#nextOnes()
    if (asked.length > 0) await this.#ask(asked)
    this.start()
  }

  #nextOnes(): readonly OutPoint[] {
    const all = this.#options.outpoints()
    if (all.length <= MAX_OUTPOINTS) return all
    const from = this.#turn % all.length
    this.#turn = from + MAX_OUTPOINTS
    return [...all.slice(from), ...all.slice(0, from)].slice(0, MAX_OUTPOINTS)
  }

  async #ask(asked: readonly OutPoint[]): Promise<void> {
    let found: readonly Tx[] = []
    try {
      found = await this.#options.chain.waitingSpends(asked)
    } catch (error) {
      // Whoever follows the chain says that it is away.
      if (!(error instanceof ChainError)) throw error
    }
    if (this.#stopped) return
    for (const tx of found) {
      const id = txid(tx)
      if (this.#told.has(id)) continue
      this.#told.add(id)
      const [oldest] = this.#told
      if (this.#told.size > MAX_TOLD && oldest !== undefined) this.#told.delete(oldest)
      this.#options.tell(tx)
    }
  }
}
