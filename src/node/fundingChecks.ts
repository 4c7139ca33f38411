import { sat } from '../base/index.ts'
import type { FundingOutput } from '../gossip/index.ts'
import { type Chain, ChainError, type ChainOutput, type Timers } from '../ports/index.ts'
import { type ShortChannelId, shortChannelIdParts } from '../wire/index.ts'

/** Questions at once: a block may be two megabytes for whoever is asked, and the node itself reads blocks there too. */
const AT_ONCE = 2

export interface FundingChecksOptions {
  readonly chain: Chain
  /** Of the newest block that the node has seen. */
  readonly height: () => number
  readonly answer: (id: ShortChannelId, output: FundingOutput | 'unknown' | undefined) => void
  /** Told once, when a block is asked for that the chain no longer has. */
  readonly onPruned: (error: Error) => void
  readonly retryMs: number
  readonly timers: Timers
}

/**
 * Asks the chain for the outputs that short_channel_ids name, a few at a time, each once. How many wait is bounded by whoever asks: the
 * gossip has a limit for announcements that wait, and otherwise asks for channels that it knows.
 */
export class FundingChecks {
  readonly #options: FundingChecksOptions
  readonly #waiting = new Set<ShortChannelId>()
  #running = 0
  #isPruned = false
  #callOffRetry: (() => void) | undefined
  #stopped = false

  constructor(options: FundingChecksOptions) {
    this.#options = options
  }

  ask(id: ShortChannelId): void {
    this.#waiting.add(id)
    this.#next()
  }

  stop(): void {
    this.#stopped = true
    this.#waiting.clear()
    this.#callOffRetry?.()
  }

  #next(): void {
    while (this.#running < AT_ONCE && !this.#stopped && this.#callOffRetry === undefined) {
      const [id] = this.#waiting
      if (id === undefined) return
      this.#waiting.delete(id)
      this.#running += 1
      void this.#check(id).finally(() => {
        this.#running -= 1
        this.#next()
      })
    }
  }

  async #check(id: ShortChannelId): Promise<void> {
    const { chain, answer, height, onPruned } = this.#options
    try {
      const { blockHeight, txIndex, outputIndex } = shortChannelIdParts(id)
      const found = await chain.outputAt({ height: blockHeight, txIndex, outputIndex })
      if (this.#stopped) return
      answer(id, found === undefined ? undefined : outputOf(found, height()))
    } catch (error) {
      if (this.#stopped) return
      if (error instanceof ChainError && error.code === 'pruned') {
        // What cannot be checked is not believed.
        if (!this.#isPruned) onPruned(error)
        this.#isPruned = true
        answer(id, 'unknown')
      } else this.#askAgainLater(id)
    }
  }

  /** The chain is away: whoever follows it says so. */
  #askAgainLater(id: ShortChannelId): void {
    const { timers, retryMs } = this.#options
    this.#waiting.add(id)
    this.#callOffRetry ??= timers.after(retryMs, () => {
      this.#callOffRetry = undefined
      this.#next()
    })
  }
}

/** When a spent output was spent, a chain does not say without a search: by now is near enough for what is asked right after the block. */
function outputOf({ txid, unspent }: ChainOutput, height: number): FundingOutput {
  if (unspent !== undefined) return { txid, amountSat: unspent.amountSat, scriptPubkey: unspent.script }
  return { txid, amountSat: sat(0n), scriptPubkey: new Uint8Array(0), spentHeight: height }
}
