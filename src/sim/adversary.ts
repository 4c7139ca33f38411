import { channelIdOf } from '../channel/index.ts'
import { decodeMessage } from '../wire/index.ts'
import { Ghost } from './ghost.ts'
import type { History } from './history.ts'
import type { SimNode, Surroundings } from './node.ts'
import type { WithheldMessage } from './plan.ts'
import type { Random } from './random.ts'

/**
 * A node that wants the others' money. It owns its keys, keeps every state that it ever had, and with them every transaction that it
 * could ever sign. Apart from what its user here makes it do, it plays by the rules, so that others deal with it.
 */
export class Adversary {
  readonly #node: SimNode
  readonly #around: Surroundings
  readonly #history: History
  /** Old states that were brought back to life: they follow the chain, and take whatever they once could. */
  #ghosts: Ghost[] = []
  readonly #withheld = new Map<string, number>()
  #mutation: { readonly random: Random; readonly message: WithheldMessage | undefined } | undefined

  constructor(node: SimNode, around: Surroundings, history: History) {
    this.#node = node
    this.#around = around
    this.#history = history
    node.outgoing = bytes => this.#outgoing(bytes)
  }

  /** Publishes the commitment that a state of `age` states ago would have published. */
  publishOld(channelIndex: number, age: number, claims: boolean): void {
    const past = this.#history.of(this.#node)
    const old = past[Math.max(past.length - 1 - age, 0)]
    if (old === undefined) return
    const ghost = new Ghost(this.#node, this.#around.chain, old)
    const { channels } = ghost
    const channel = channels[channelIndex % Math.max(channels.length, 1)]
    if (channel === undefined) return
    ghost.forceClose(channelIdOf(channel))
    if (claims) this.#ghosts.push(ghost)
  }

  /** What was kept back is said after all when it reconnects. */
  withhold(message: WithheldMessage, ms: number): void {
    const { clock, network } = this.#around
    const until = clock.now + ms
    this.#withheld.set(message, until)
    clock.at(until, () => {
      if (this.#withheld.get(message) === until) network.cutOff(this.#node)
    })
  }

  mutateNext(random: Random, message: WithheldMessage | undefined): void {
    this.#mutation = { random, message }
  }

  blocksCame(): void {
    for (const ghost of this.#ghosts) ghost.follow()
  }

  /** Plays no more tricks: what it has not said, or said wrongly, it says when it reconnects. What is on chain stays there. */
  behave(): void {
    this.#withheld.clear()
    this.#mutation = undefined
    this.#around.network.cutOff(this.#node)
  }

  #outgoing(bytes: Uint8Array): Uint8Array | undefined {
    const message = decodeMessage(bytes)
    const until = message.ok ? this.#withheld.get(message.value.type) : undefined
    if (until !== undefined && this.#around.clock.now < until) return undefined
    const mutation = this.#mutation
    const isMeant =
      mutation !== undefined &&
      (mutation.message === undefined || (message.ok && message.value.type === mutation.message))
    if (!isMeant) return bytes
    const { random } = mutation
    this.#mutation = undefined
    const changed = bytes.slice()
    const at = random.below(changed.length)
    changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8))
    return changed
  }
}
