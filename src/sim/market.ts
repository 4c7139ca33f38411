import type { RegtestChain } from '../regtest/index.ts'
import type { MempoolPlan } from './plan.ts'

const QUIET_PER_KW = 1_000
/** A full mempool asks for so much of the feerate of the day. */
const FULL_MEMPOOL_ASKS = 0.5
/** 1,000 virtual bytes are 4,000 weight units. */
const WEIGHT_OF_VBYTE = 4

/** What a place in a block costs in a world, and what its mempool asks for. */
export class Market {
  readonly #chain: Pick<RegtestChain, 'setMempoolMinFee'>
  readonly #isFull: boolean
  #perKw = QUIET_PER_KW

  constructor(chain: Pick<RegtestChain, 'setMempoolMinFee'>, { isFull = false }: MempoolPlan = {}) {
    this.#chain = chain
    this.#isFull = isFull
  }

  /** Satoshis per 1,000 weight units: what nodes hear when they ask for one. */
  get perKw(): number {
    return this.#perKw
  }

  /** From now on. What waits already may stay in a full mempool. */
  asks(perKw: number): void {
    this.#perKw = perKw
    if (!this.#isFull) return
    const least = perKw > QUIET_PER_KW ? perKw * FULL_MEMPOOL_ASKS * WEIGHT_OF_VBYTE : 0
    this.#chain.setMempoolMinFee(BigInt(Math.floor(least)))
  }

  /** As in the beginning. */
  calm(): void {
    this.asks(QUIET_PER_KW)
  }
}
