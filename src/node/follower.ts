import { BLOCKS_BELOW_FIRST_TIP } from '../engine/index.ts'
import type { Chain, ChainBlock, ChainTip, Timers } from '../ports/index.ts'
import { ChainError } from '../ports/index.ts'

export interface FollowerOptions {
  readonly chain: Chain
  /** The newest blocks that the node has seen, newest last; none before the first. */
  readonly seen: () => readonly ChainTip[]
  /** Resolves when the node has it for good. */
  readonly connect: (block: ChainBlock) => Promise<void>
  /** Takes the newest one back. */
  readonly disconnect: () => Promise<void>
  /** Where a node without any block begins: at this height, or some blocks below the tip. */
  readonly birthHeight: number | 'now'
  readonly retryMs: number
  readonly timers: Timers
  /** Told when the chain cannot be asked, and with `undefined` when it can again. */
  readonly onTrouble: (error: Error | undefined) => void
}

/**
 * Brings the node to the tip of the chain, block by block, and keeps it there. What the node has seen is the node's to say, so it
 * makes no difference whether a block came while it was running or not, and a block that is not on the best chain any more is taken
 * back before others come.
 */
export class ChainFollower {
  readonly #options: FollowerOptions
  #stopListening: (() => void) | undefined
  #running: Promise<void> | undefined
  #again = false
  #callOffRetry: (() => void) | undefined
  #stopped = false
  #trouble: Error | undefined
  #reached = false

  constructor(options: FollowerOptions) {
    this.#options = options
  }

  /** Whether the chain answers, and all that it has told of is in. */
  get synced(): boolean {
    return this.#reached && this.#trouble === undefined
  }

  /** The same, asked of the chain now: what came since it last told is counted too. */
  async isAtTip(): Promise<boolean> {
    if (!this.synced) return false
    try {
      const { hash } = await this.#options.chain.tip()
      if (hash !== this.#options.seen().at(-1)?.hash) this.look()
      return hash === this.#options.seen().at(-1)?.hash
    } catch {
      // What is wrong with the chain, the follower finds out and tells.
      this.look()
      return false
    }
  }

  /** Resolves when the tip was reached once. Rejects where the chain cannot be asked at the start, or holds another history. */
  async start(): Promise<void> {
    await this.#catchUp()
    this.#reached = true
    this.#stopListening = this.#options.chain.onChange(() => this.look())
  }

  /** There may be something new. */
  look(): void {
    if (this.#stopped) return
    this.#again = true
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#stopListening?.()
    this.#callOffRetry?.()
    await this.#running
  }

  async #run(): Promise<void> {
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false
        await this.#catchUp()
        this.#tell(undefined)
      }
    } catch (error) {
      if (this.#stopped) return
      this.#tell(error instanceof Error ? error : new Error(String(error)))
      this.#callOffRetry = this.#options.timers.after(this.#options.retryMs, () => this.look())
    } finally {
      this.#running = undefined
    }
  }

  #tell(trouble: Error | undefined): void {
    const { onTrouble } = this.#options
    if (trouble?.message === this.#trouble?.message) return
    this.#trouble = trouble
    onTrouble(trouble)
  }

  async #catchUp(): Promise<void> {
    const { chain, connect } = this.#options
    while (!this.#stopped) {
      await this.#leaveOldBranch()
      const seen = this.#options.seen().at(-1)
      const height = seen === undefined ? await this.#firstHeight() : seen.height + 1
      const hash = await chain.hashAt(height)
      if (hash === undefined) {
        if (seen !== undefined || height === 0) return
        throw new ChainError('bad_answer', `The chain ends below block ${height}, where this node begins.`)
      }
      const block = await chain.block(hash)
      if (block === undefined)
        throw new ChainError('pruned', `The chain no longer has block ${height}, which this node has not seen.`)
      // The chain may have turned between the questions: a block is taken only on top of one that is still there.
      if (seen !== undefined && (await chain.hashAt(seen.height)) !== seen.hash) continue
      await connect(block)
    }
  }

  /** Takes back the blocks that are not on the best chain, once it is known where the two branches part. */
  async #leaveOldBranch(): Promise<void> {
    const { seen, disconnect } = this.#options
    const blocks = seen()
    const newest = blocks.at(-1)
    if (newest === undefined) return
    const kept = await this.#lastCommon(blocks)
    if (kept === undefined) throw anotherChain(newest)
    if (kept.height === newest.height) return
    await this.#checkNotBehind(blocks, newest)
    for (
      let top = seen().at(-1);
      top !== undefined && top.height > kept.height && !this.#stopped;
      top = seen().at(-1)
    ) {
      await disconnect()
    }
  }

  async #lastCommon(blocks: readonly ChainTip[]): Promise<ChainTip | undefined> {
    for (const block of blocks.toReversed()) {
      if ((await this.#options.chain.hashAt(block.height)) === block.hash) return block
    }
    return undefined
  }

  /** A chain that ends in a block of ours has no other branch: it has not got as far as we have. */
  async #checkNotBehind(blocks: readonly ChainTip[], newest: ChainTip): Promise<void> {
    const tip = await this.#options.chain.tip()
    if (tip.height < newest.height && blocks.some(({ hash }) => hash === tip.hash)) throw behind(tip, newest)
  }

  async #firstHeight(): Promise<number> {
    const { birthHeight, chain } = this.#options
    return birthHeight === 'now' ? Math.max(0, (await chain.tip()).height - BLOCKS_BELOW_FIRST_TIP) : birthHeight
  }
}

function behind(tip: ChainTip, newest: ChainTip): ChainError {
  return new ChainError(
    'bad_answer',
    `The chain is at block ${tip.height}, and this node has seen block ${newest.height}: it has still to catch up, or is an old copy.`,
  )
}

function anotherChain(newest: ChainTip): ChainError {
  return new ChainError(
    'wrong_network',
    `None of the last blocks that this node has seen, up to ${newest.height}, is on the chain: it is another one, or was begun anew.`,
  )
}
