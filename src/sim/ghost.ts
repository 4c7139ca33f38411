import { type ChannelId, pmapValues } from '../base/index.ts'
import { txid } from '../bitcoin/index.ts'
import { channelIdOf, type FundedChannel } from '../channel/index.ts'
import { type EngineEffect, type EngineInput, type EngineState, engineStep } from '../engine/index.ts'
import { type ChainBlock, offer, type RegtestChain } from '../regtest/index.ts'
import { linksOf, type SimNode } from './node.ts'

/** Steps that follow from one input: each answers one before it, so there are few. */
const MAX_ANSWERS = 1_000

/**
 * A state of a node that lives on alone: without a network and without a disk, on any chain, as if nothing had happened since. What it
 * reads from the records it finds on the disk of its node, to which it writes nothing.
 */
export class Ghost {
  readonly #node: SimNode
  readonly #chain: RegtestChain
  #state: EngineState

  constructor(node: SimNode, chain: RegtestChain, state: EngineState) {
    this.#node = node
    this.#chain = chain
    this.#state = state
  }

  get state(): EngineState {
    return this.#state
  }

  /** Its channels with a funding transaction, oldest first. */
  get channels(): readonly FundedChannel[] {
    return fundedChannels(this.#state)
  }

  forceClose(channelId: ChannelId): void {
    this.#step({ type: 'close_channel', request: 0, channelId, force: true })
  }

  /** There is nobody to talk to any more. */
  loseConnections(): void {
    for (const { state } of pmapValues(this.#state.peers)) {
      const { line, nodeId } = state
      if (line.type !== 'none') this.#step({ type: 'ended', connection: line.connection, nodeId })
    }
  }

  /**
   * To the tip of the chain, block by block. `inHaste` leaves out blocks that hold nothing, except for the newest: whoever is told of
   * none of them knows as much.
   */
  follow(inHaste = false): void {
    for (;;) {
      const seen = this.#state.blocks.at(-1)
      if (seen === undefined) return
      if (this.#chain.blockAt(seen.height)?.hash !== seen.hash) {
        this.#step({ type: 'block_disconnected' })
        continue
      }
      const block = this.#nextBlock(seen.height + 1, inHaste)
      if (block === undefined) return
      const { height, hash, transactions } = block
      this.#step({ type: 'block_connected', height, hash, transactions })
    }
  }

  #nextBlock(from: number, inHaste: boolean): ChainBlock | undefined {
    let height = from
    while (inHaste && height < this.#chain.height && this.#chain.blockAt(height)?.transactions.length === 1) height += 1
    // The wallet counts blocks: an empty one changes nothing else in it.
    if (height > from) this.#state = { ...this.#state, wallet: { ...this.#state.wallet, height: height - 1 } }
    return this.#chain.blockAt(height)
  }

  #step(input: EngineInput): void {
    const context = this.#node.context(0.5)
    const inputs: EngineInput[] = [input]
    for (let i = 0; i < MAX_ANSWERS; i++) {
      const next = inputs.shift()
      if (next === undefined) return
      const effects: EngineEffect[] = []
      for (const each of [next, { type: 'end_of_turn' } as const]) {
        const step = engineStep(this.#state, each, context)
        this.#state = step.next
        effects.push(...step.effects)
      }
      for (const effect of effects) inputs.push(...this.#perform(effect))
    }
  }

  /** What its effects on chain and records bring back. Nobody hears anything else. */
  #perform(effect: EngineEffect): readonly EngineInput[] {
    switch (effect.type) {
      case 'publish': {
        const { tx, parent, role, request, undo = {} } = effect
        const isTaken = this.#node.publishes(role) && offer(this.#chain, tx, parent).ok
        return isTaken || request === undefined ? [] : [{ type: 'publish_refused', txid: txid(tx), undo }]
      }
      case 'load_archive': {
        const { link, prefix, commitmentNumber } = effect
        return [{ type: 'archive', link, commitmentNumber, records: this.#node.disk.load(prefix) }]
      }
      case 'look_up': {
        const { keys, request } = effect
        const { records } = this.#node.disk
        const found = keys.flatMap(key => {
          const value = records.get(key)
          return value === undefined ? [] : [[key, value] as const]
        })
        return [{ type: 'looked_up', request, records: new Map(found) }]
      }
      default:
        return []
    }
  }
}

/** The channels of a node that have a funding transaction, oldest first. */
export function fundedChannels(state: EngineState): readonly FundedChannel[] {
  return linksOf(state).flatMap(({ state: { channel } }) =>
    channel !== undefined && 'durable' in channel ? [channel] : [],
  )
}

export function fundedChannel(state: EngineState, channelId: ChannelId): FundedChannel | undefined {
  for (const { state: link } of pmapValues(state.links)) {
    const { channel } = link
    if (channel !== undefined && 'durable' in channel && channelIdOf(channel) === channelId) return channel
  }
  return undefined
}
