import { type FeeratePerKw, feeratePerKw } from '../base/index.ts'
import { DEFAULT_LIMITS } from '../channel/index.ts'
import type { EngineContext } from '../engine/index.ts'
import type { Chain } from '../ports/index.ts'

/** Blocks within which each kind of transaction is to confirm. A commitment is paid for later, by its anchor: it has to be relayed. */
const TARGETS = { fast: 6, slow: 12, relayed: 144 } as const
/**
 * What is paid for a day's wait is about what full mempools still take. Twice what is relayed at all stands below it, for mempools
 * that fill faster than channels follow; above it is what a peer would take for a mistake.
 */
const COMMITMENT_FEERATES = { least: 2 * DEFAULT_LIMITS.minFeeratePerKw, most: 5_000 } as const
/** How old an answer may be, in milliseconds. */
const MAX_AGE_MS = 60_000

/** Where the chain cannot say. */
export const FALLBACK_FEERATES = { regtest: feeratePerKw(1_000), others: feeratePerKw(2_500) }

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
      const commitment = forCommitments(await this.#ask(TARGETS.relayed))
      this.#current = { funding: fast, commitment, mutualClose: slow, claim: fast }
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

function forCommitments(relayed: FeeratePerKw): FeeratePerKw {
  const { least, most } = COMMITMENT_FEERATES
  return feeratePerKw(Math.min(Math.max(relayed, least), most))
}
