import { outPointKey, type Txid } from '../base/index.ts'
import { type Tx, txid } from '../bitcoin/index.ts'
import { type EngineInput, type EngineState, outpointsAtStake } from '../engine/index.ts'
import type { RegtestChain } from '../regtest/index.ts'
import type { Clock } from './clock.ts'
import type { MempoolPlan } from './plan.ts'
import type { Random } from './random.ts'

/** As often as a node looks. */
const LOOK_MS = 10_000

/** Whose sight it is. */
interface Onlooker {
  readonly isListening: boolean
  readonly state: EngineState
  submit(input: EngineInput): void
}

interface MempoolSightOptions {
  readonly plan: MempoolPlan
  readonly chain: RegtestChain
  readonly clock: Clock
  readonly random: Random
}

/** What a node of the world sees of the mempool, as its host shows it: what spends its outputs there, some seconds later, each once. */
export class MempoolSight {
  readonly #node: Onlooker
  readonly #options: MempoolSightOptions
  #told = new Set<Txid>()
  #isDue = false

  constructor(node: Onlooker, options: MempoolSightOptions) {
    this.#node = node
    this.#options = options
    if (options.plan.isWatched === true)
      options.chain.onMempool(({ type }) => {
        if (type === 'transaction_added') this.#soon()
      })
  }

  /** A new process has seen nothing yet. */
  begin(): void {
    this.#told = new Set()
    if (this.#options.plan.isWatched === true) this.#soon()
  }

  /** What would be said of this transaction, where it is asked. */
  refusalOf(tx: Tx): string | undefined {
    const { plan, chain } = this.#options
    if (plan.isAsked !== true) return undefined
    const judged = chain.testAccept(tx)
    return judged.ok ? undefined : judged.error.reason
  }

  #soon(): void {
    if (this.#isDue) return
    this.#isDue = true
    const { clock, random } = this.#options
    clock.alarm(clock.now + random.between(0, LOOK_MS), () => {
      this.#isDue = false
      this.#look()
    })
  }

  #look(): void {
    if (!this.#node.isListening) return
    const atStake = new Set(outpointsAtStake(this.#node.state).map(outPointKey))
    for (const { tx } of this.#options.chain.mempool()) {
      const id = txid(tx)
      if (this.#told.has(id) || !tx.inputs.some(({ outpoint }) => atStake.has(outPointKey(outpoint)))) continue
      this.#told.add(id)
      this.#node.submit({ type: 'spend_seen', tx })
    }
  }
}
