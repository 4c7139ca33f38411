import type { Txid } from '../base/index.ts'
import { type Tx, txid } from '../bitcoin/index.ts'
import type { PublishRefusal, Timers } from '../ports/index.ts'
import { type Chain, ChainError } from '../ports/index.ts'

/** What became of a transaction: `later` when the chain could not be asked, and it is tried again. */
export type Published = 'published' | 'later' | PublishRefusal

interface Offer {
  readonly tx: Tx
  readonly parent: Tx | undefined
}

/** Gives transactions to the network, one after the other; those that it could not be asked about are given again. */
export class Publisher {
  readonly #chain: Chain
  readonly #retryMs: number
  readonly #timers: Timers
  /** Bounded by what the node has at stake: each is one of its own transactions. */
  readonly #waiting = new Map<Txid, Offer>()
  #last: Promise<unknown> = Promise.resolve()
  #callOffRetry: (() => void) | undefined
  #stopped = false

  constructor(chain: Chain, retryMs: number, timers: Timers) {
    this.#chain = chain
    this.#retryMs = retryMs
    this.#timers = timers
  }

  /** `parent`: an unconfirmed one that it pays for. */
  publish(tx: Tx, parent?: Tx): Promise<Published> {
    const done = this.#last.then(() => this.#give({ tx, parent }))
    // What cannot even be asked about one of them keeps back no other.
    this.#last = done.catch(() => undefined)
    return done
  }

  /** Why the chain would not take it, after all that was given to it before; nothing where it cannot tell, or cannot be asked. */
  test(tx: Tx): Promise<PublishRefusal | undefined> {
    const done = this.#last.then(() => this.#ask(tx))
    this.#last = done.catch(() => undefined)
    return done
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#callOffRetry?.()
    await this.#last
  }

  async #give({ tx, parent }: Offer): Promise<Published> {
    const id = txid(tx)
    if (this.#stopped) return 'later'
    try {
      const answer = await this.#chain.publish(tx, parent)
      this.#waiting.delete(id)
      return answer.ok ? 'published' : answer.error
    } catch (error) {
      if (!(error instanceof ChainError)) throw error
      this.#waiting.set(id, { tx, parent })
      this.#callOffRetry ??= this.#timers.after(this.#retryMs, () => this.#again())
      return 'later'
    }
  }

  async #ask(tx: Tx): Promise<PublishRefusal | undefined> {
    if (this.#stopped) return undefined
    try {
      return await this.#chain.testAccept(tx)
    } catch (error) {
      // Whoever follows the chain says that it is away.
      if (!(error instanceof ChainError)) throw error
      return undefined
    }
  }

  #again(): void {
    this.#callOffRetry = undefined
    for (const { tx, parent } of this.#waiting.values()) void this.publish(tx, parent)
  }
}
