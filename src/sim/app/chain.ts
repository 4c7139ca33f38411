import type { FeeratePerKw } from '../../base/index.ts'
import type { Tx } from '../../bitcoin/index.ts'
import { type Chain, ChainError } from '../../ports/index.ts'
import { chainPort, type RegtestChain } from '../../regtest/index.ts'
import type { Random } from '../random.ts'
import type { Life } from './life.ts'

/** Milliseconds until the chain has heard a question, or the node its answer. */
const MOST_MS = 2

export interface LifeChainOptions {
  readonly chain: RegtestChain
  readonly life: Life
  readonly random: Random
  readonly feerate: () => FeeratePerKw
  /** How much later than the others the node hears of a block. */
  readonly lagMs: () => number
  /** The chain cannot be asked. */
  readonly isAway: () => boolean
  readonly onPublished: (tx: Tx, outcome: string) => void
}

/** The chain of the world as one process sees it: some milliseconds away, behind the others, or not there. */
export function lifeChain({ chain, life, random, onPublished, ...around }: LifeChainOptions): Chain {
  const port = chainPort(chain)
  const ask = <T>(act: () => T | Promise<T>): Promise<T> =>
    life.answer(random.between(0, MOST_MS), () => {
      if (around.isAway()) throw new ChainError('unreachable', 'The chain of this world does not answer just now.')
      return act()
    })
  return {
    tip: () => ask(() => port.tip()),
    hashAt: height => ask(() => port.hashAt(height)),
    block: hash => ask(() => port.block(hash)),
    outputAt: place => ask(() => port.outputAt(place)),
    async publish(tx, parent) {
      const answer = await ask(() => port.publish(tx, parent))
      onPublished(tx, answer.ok ? 'accepted' : answer.error.reason)
      // A process may end between the two: published, and never told.
      return life.answer(random.between(0, MOST_MS), () => answer)
    },
    testAccept: tx => ask(() => port.testAccept(tx)),
    waitingSpends: outpoints => ask(() => port.waitingSpends(outpoints)),
    feerate: () => ask(around.feerate),
    onChange: listener => port.onChange(() => life.after(around.lagMs(), listener)),
    close: () => port.close(),
  }
}
