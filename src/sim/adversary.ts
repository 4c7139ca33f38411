import { channelIdOf } from '../channel/index.ts'
import { type EngineEffect, type EngineState, engineStep } from '../engine/index.ts'
import { decodeMessage } from '../wire/index.ts'
import { linksOf, type SimNode, type Surroundings } from './node.ts'
import type { WithheldMessage } from './plan.ts'
import type { Random } from './random.ts'

/** States that are kept of the past: one per turn in which something changed. */
const MAX_KEPT = 400

/**
 * A node that wants the others' money. It owns its keys, keeps every state that it ever had, and with them every transaction that it
 * could ever sign. Apart from what its user here makes it do, it plays by the rules, so that others deal with it.
 */
export class Adversary {
  readonly #node: SimNode
  readonly #around: Surroundings
  readonly #past: EngineState[] = []
  /** Old states that were brought back to life: they follow the chain, and take whatever they once could. */
  #ghosts: Ghost[] = []
  readonly #withheld = new Map<string, number>()
  #mutation: Random | undefined

  constructor(node: SimNode, around: Surroundings) {
    this.#node = node
    this.#around = around
    node.outgoing = bytes => this.#outgoing(bytes)
  }

  /** To be told after each turn. */
  remember(state: EngineState): void {
    if (this.#past.at(-1)?.links === state.links) return
    this.#past.push(state)
    if (this.#past.length > MAX_KEPT) this.#past.splice(0, MAX_KEPT / 2)
  }

  /** Publishes the commitment that a state of `age` states ago would have published. */
  publishOld(channelIndex: number, age: number, claims: boolean): void {
    const old = this.#past[Math.max(this.#past.length - 1 - age, 0)]
    if (old === undefined) return
    const ghost = new Ghost(this.#node, this.#around, old)
    if (ghost.forceClose(channelIndex) && claims) this.#ghosts.push(ghost)
  }

  withhold(message: WithheldMessage, ms: number): void {
    this.#withheld.set(message, this.#around.clock.now + ms)
  }

  mutateNext(random: Random): void {
    this.#mutation = random
  }

  blocksCame(): void {
    for (const ghost of this.#ghosts) ghost.follow()
  }

  /** Plays no more tricks. What is on chain stays there. */
  behave(): void {
    this.#withheld.clear()
    this.#mutation = undefined
  }

  #outgoing(bytes: Uint8Array): Uint8Array | undefined {
    const message = decodeMessage(bytes)
    const until = message.ok ? this.#withheld.get(message.value.type) : undefined
    if (until !== undefined && this.#around.clock.now < until) return undefined
    const random = this.#mutation
    if (random === undefined) return bytes
    this.#mutation = undefined
    const changed = bytes.slice()
    const at = random.below(changed.length)
    changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8))
    return changed
  }
}

/** An old state that acts as if nothing had happened since, but only on chain. */
class Ghost {
  readonly #node: SimNode
  readonly #around: Surroundings
  #state: EngineState

  constructor(node: SimNode, around: Surroundings, state: EngineState) {
    this.#node = node
    this.#around = around
    this.#state = state
  }

  /** False where it has no such channel. */
  forceClose(channelIndex: number): boolean {
    const open = linksOf(this.#state).flatMap(({ state: { channel } }) =>
      channel !== undefined && 'durable' in channel ? [channel] : [],
    )
    const channel = open[channelIndex % Math.max(open.length, 1)]
    if (channel === undefined) return false
    this.#step({ type: 'close_channel', request: 0, channelId: channelIdOf(channel), force: true })
    return true
  }

  /** To the tip of the chain, block by block. */
  follow(): void {
    const { chain } = this.#around
    for (;;) {
      const seen = this.#state.blocks.at(-1)
      if (seen === undefined) return
      if (chain.blockAt(seen.height)?.hash !== seen.hash) {
        this.#step({ type: 'block_disconnected' })
        continue
      }
      const block = chain.blockAt(seen.height + 1)
      if (block === undefined) return
      this.#step({ type: 'block_connected', height: block.height, hash: block.hash, transactions: block.transactions })
    }
  }

  #step(input: Parameters<typeof engineStep>[1]): void {
    const context = this.#node.context(0.5)
    const effects: EngineEffect[] = []
    for (const each of [input, { type: 'end_of_turn' } as const]) {
      const step = engineStep(this.#state, each, context)
      this.#state = step.next
      effects.push(...step.effects)
    }
    for (const effect of effects) if (effect.type === 'publish') this.#around.chain.submit(effect.tx)
  }
}
