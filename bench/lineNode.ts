import { assert, type ChannelId, msat, type NodeId, type PaymentHash, pmapGet, pmapValues } from '../src/base/index.ts'
import { txid } from '../src/bitcoin/index.ts'
import type { ChannelDurable } from '../src/channel/index.ts'
import {
  type EngineContext,
  type EngineEffect,
  type EngineInput,
  type EngineReply,
  type EngineState,
  type EngineStep,
  engineMachine,
  type Link,
  loadEngine,
} from '../src/engine/index.ts'
import { stepLink } from '../src/engine/links.ts'
import type { Work } from '../src/engine/work.ts'
import { Alarm } from '../src/node/alarm.ts'
import { Driver } from '../src/node/driver.ts'
import { HOST_TIMERS } from '../src/node/timers.ts'
import type { Store } from '../src/ports/index.ts'
import type { RegtestChain } from '../src/regtest/index.ts'
import { benchContext } from './enginePair.ts'

// A node in a row of them, in one process: the engine, the driver of the node room and a store, all real. Messages go from driver to
// driver as bytes.

/** An HTLC put into a channel by hand, with an onion that somebody else has made. */
export interface Offer {
  readonly type: 'offer'
  readonly link: number
  readonly amountMsat: bigint
  readonly paymentHash: PaymentHash
  readonly cltvExpiry: number
  readonly onionRoutingPacket: Uint8Array
  /** Told its id. */
  readonly onAdded: (id: number) => void
}

type LineInput = EngineInput | Offer

export class LineNode {
  readonly id: NodeId
  readonly driver: Driver<EngineState, LineInput, EngineContext, EngineEffect, never>
  readonly context: () => EngineContext
  readonly store: Store
  /** By the number of a connection: who is at its other end. */
  readonly peers = new Map<number, LineNode>()
  /** Hears every message that comes to it. */
  onMessage: (bytes: Uint8Array) => void = () => undefined
  readonly #alarm: Alarm
  readonly #chain: RegtestChain
  readonly #replies = new Map<number, (reply: EngineReply) => void>()
  #requests = 0
  /** What one turn sends to each connection goes out in one turn of the other. */
  #outbox = new Map<number, Uint8Array[]>()

  constructor(name: string, { chain, store }: { readonly chain: RegtestChain; readonly store: Store }) {
    const fixed = benchContext(name)
    this.id = fixed.nodeId
    this.context = () => ({ ...fixed, now: Date.now() })
    this.store = store
    this.#chain = chain
    const loaded = loadEngine({ records: new Map(), lastEvent: 0, context: this.context() })
    if (!loaded.ok) throw new Error(loaded.error.message)
    this.#alarm = new Alarm(Date.now, HOST_TIMERS, () => void this.driver.submit({ type: 'tick' }))
    this.driver = new Driver({
      machine: { ...engineMachine, step },
      store,
      state: loaded.value,
      context: this.context,
      perform: effect => this.#perform(effect),
      onTurn: () => this.#flush(),
      onStop: reason => {
        throw reason
      },
    })
  }

  /** The answer to a request. */
  async ask(input: (request: number) => EngineInput): Promise<EngineReply> {
    this.#requests += 1
    const request = this.#requests
    const { promise, resolve } = Promise.withResolvers<EngineReply>()
    this.#replies.set(request, resolve)
    await this.driver.submit(input(request))
    return promise
  }

  get links(): readonly Link[] {
    return [...pmapValues(this.driver.state.links)].sort((a, b) => a.index - b.index)
  }

  channels(): readonly ChannelDurable[] {
    return this.links.flatMap(({ state: { channel } }) =>
      channel !== undefined && 'durable' in channel ? [channel.durable] : [],
    )
  }

  channel(channelId: ChannelId): ChannelDurable {
    const found = this.channels().find(({ params }) => params.channelId === channelId)
    assert(found !== undefined, 'a channel of this node')
    return found
  }

  async stop(): Promise<void> {
    this.#alarm.stop()
    await this.driver.idle()
    await this.store.close()
  }

  #perform(effect: EngineEffect): void {
    switch (effect.type) {
      case 'send':
        this.#outbox.set(effect.connection, [...(this.#outbox.get(effect.connection) ?? []), effect.bytes])
        return
      case 'publish':
        if (this.#chain.transaction(txid(effect.tx)) === undefined) this.#chain.submit(effect.tx)
        return
      case 'test_funding':
        void this.driver.submit({ type: 'funding_tested', link: effect.link, tx: effect.tx })
        return
      case 'reply':
        this.#replies.get(effect.request)?.(effect.reply)
        this.#replies.delete(effect.request)
        return
      case 'look_up':
        void this.#lookUp(effect)
        return
      case 'wake':
        this.#alarm.set(effect.at)
        return
      case 'close':
        throw new Error(effect.reason)
      default:
        return
    }
  }

  #flush(): void {
    const sent = this.#outbox
    this.#outbox = new Map()
    for (const [connection, messages] of sent) {
      const peer = this.peers.get(connection)
      assert(peer !== undefined, 'a connection has another end')
      for (const bytes of messages) peer.onMessage(bytes)
      void peer.driver.submitAll(messages.map(bytes => ({ type: 'received', connection, nodeId: this.id, bytes })))
    }
  }

  async #lookUp({ request, keys }: Extract<EngineEffect, { type: 'look_up' }>): Promise<void> {
    const records = new Map<string, Uint8Array>()
    for (const key of keys) {
      const value = (await this.store.loadPage(key, { limit: 1 })).get(key)
      if (value !== undefined) records.set(key, value)
    }
    await this.driver.submit({ type: 'looked_up', request, records })
  }
}

function step(state: EngineState, input: LineInput, context: EngineContext): EngineStep {
  if (input.type !== 'offer') return engineMachine.step(state, input, context)
  const { amountMsat, paymentHash, cltvExpiry, onionRoutingPacket, onAdded } = input
  const id = nextIdOf(pmapGet(state.links, String(input.link)))
  const work: Work = { state, context, writes: [], effects: [], tasks: [] }
  const command = {
    type: 'add_htlc',
    amountMsat: msat(amountMsat),
    paymentHash,
    cltvExpiry,
    onionRoutingPacket,
  } as const
  const failure = stepLink(work, input.link, { type: 'command', command })
  assert(failure === undefined && work.tasks.length === 0, () => `the channel takes it: ${JSON.stringify(failure)}`)
  onAdded(id)
  return { next: work.state, writes: work.writes, effects: work.effects }
}

function nextIdOf(link: Link | undefined): number {
  const channel = link?.state.channel
  assert(channel !== undefined && 'durable' in channel, 'a funded channel')
  return channel.durable.nextHtlcId.local
}
