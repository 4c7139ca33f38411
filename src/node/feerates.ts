import { type FeeratePerKw, feeratePerKw } from '../base/index.ts'
import { DEFAULT_LIMITS } from '../channel/index.ts'
import type { EngineContext } from '../engine/index.ts'
import type { Chain } from '../ports/index.ts'

/** Blocks within which each kind of transaction is to confirm. A commitment can be paid for later, by its anchor. */
const TARGETS = { fast: 6, slow: 12 } as const
/** How old an answer may be, in milliseconds. */
const MAX_AGE_MS = 60_000

type Rates = EngineContext['feerates']

/** What the chain says transactions cost, asked for now and then, within the bounds that a channel would accept. */
export class Feerates {
  readonly #chain: Chain
  readonly #fallback: FeeratePerKw
  #current: Rates
  #askedAt = Number.NEGATIVE_INFINITY

  constructor(chain: Chain, fallback: FeeratePerKw) {
    this.#chain = chain
    this.#fallback = fallback
    this.#current = { funding: fallback, commitment: fallback, mutualClose: fallback, claim: fallback }
  }

  get current(): Rates {
    return this.#current
  }

  /** Asks anew where the last answer is old. Where the chain cannot be asked, what it said last stays. */
  async refresh(now: number): Promise<void> {
    if (now - this.#askedAt < MAX_AGE_MS) return
    this.#askedAt = now
    try {
      const [fast, slow] = [await this.#ask(TARGETS.fast), await this.#ask(TARGETS.slow)]
      this.#current = { funding: fast, commitment: fast, mutualClose: slow, claim: fast }
    } catch {
      // What keeps it from answering, whoever follows the blocks is told.
    }
  }

  async #ask(target: number): Promise<FeeratePerKw> {
    const answer = (await this.#chain.feerate(target)) ?? this.#fallback
    const { minFeeratePerKw, maxFeeratePerKw } = DEFAULT_LIMITS
    return feeratePerKw(Math.min(Math.max(answer, minFeeratePerKw), maxFeeratePerKw))
  }
}
