import { unreachable } from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'
import type { RegtestChain } from '../regtest/index.ts'
import type { Random } from './random.ts'

// What the miners of a world put into their blocks.

/** All that waits, nothing, some of it by lot, or what pays the feerate of the day and nothing else. */
export type BlockWish = 'all' | 'none' | 'some' | 'dear'

/** Two transactions in a row, a commitment and an HTLC of it, have to find their blocks before the deadline that a node keeps for them. */
const MAX_BLOCKS_LEAVING_OUT = 6
/** Satoshis per 1,000 weight units are so many per 1,000 virtual bytes. */
const WEIGHT_OF_VBYTE = 4

interface Moment {
  readonly random: Random
  readonly feeratePerKw: number
}

/** Mines one block after the other. */
export class Miner {
  readonly #chain: RegtestChain
  /** In a row. */
  #leavingOut = 0

  constructor(chain: RegtestChain) {
    this.#chain = chain
  }

  mine(wish: BlockWish, moment: Moment): void {
    const isFull = wish === 'all' || this.#leavingOut >= MAX_BLOCKS_LEAVING_OUT
    this.#chain.mine(1, isFull ? {} : this.#contents(wish, moment))
    this.#leavingOut = isFull || this.#chain.mempool().length === 0 ? 0 : this.#leavingOut + 1
  }

  #contents(wish: BlockWish, { random, feeratePerKw }: Moment): Parameters<RegtestChain['mine']>[1] {
    switch (wish) {
      case 'all':
        return {}
      case 'none':
        return { transactions: [] }
      case 'some':
        return { transactions: this.#some(random) }
      case 'dear':
        return { leastSatPerKvB: BigInt(feeratePerKw * WEIGHT_OF_VBYTE) }
      default:
        return unreachable(wish)
    }
  }

  /** With whatever it spends. */
  #some(random: Random): readonly Tx[] {
    const left = new Set<string>()
    return this.#chain.mempool().flatMap(({ tx, txid }) => {
      const isLeftOut = random.chance(0.5) || tx.inputs.some(({ outpoint }) => left.has(outpoint.txid))
      if (isLeftOut) left.add(txid)
      return isLeftOut ? [] : [tx]
    })
  }
}
