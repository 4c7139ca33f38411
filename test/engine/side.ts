import { expect } from 'vitest'
import {
  concat,
  type FeeratePerKw,
  feeratePerKw,
  jsonDecode,
  type NodeId,
  nodeId,
  type OutPoint,
  pmapGet,
  pmapValues,
  sat,
  utf8Encode,
} from '../../src/base/index.ts'
import { scriptFromAddress, type Tx, txid } from '../../src/bitcoin/index.ts'
import { channelIdOf, DEFAULT_LIMITS, type FundedChannel } from '../../src/channel/index.ts'
import { publicKeyFromSecret, sha256 } from '../../src/crypto/index.ts'
import {
  DEFAULT_ENGINE_LIMITS,
  type EngineContext,
  type EngineEffect,
  type EngineInput,
  type EngineReply,
  type EngineState,
  EVENTS,
  engineStep,
  eventKey,
  type Link,
  LOADED_PREFIXES,
  loadEngine,
  type NodeEvent,
  type NumberedEvent,
  type PublishedRole,
} from '../../src/engine/index.ts'
import { DEFAULT_GOSSIP_LIMITS, GOSSIP, loadGossip } from '../../src/gossip/index.ts'
import { DEFAULT_PAYMENT_LIMITS } from '../../src/payment/index.ts'
import { DEFAULT_PEER_LIMITS, localFeatures, supportedFeatures } from '../../src/peer/index.ts'
import { offer, REGTEST_GENESIS_HASH, type RegtestChain } from '../../src/regtest/index.ts'
import { fundingOutputAt } from '../../src/sim/reading.ts'
import { DEFAULT_WALLET_LIMITS, walletKeys } from '../../src/wallet/index.ts'
import { expectSameAsStored } from './stored.ts'

export type Limits = { readonly [K in keyof EngineContext['limits']]?: Partial<EngineContext['limits'][K]> }

/** A wallet derives addresses when it is loaded, which is most of what loading costs: to compare, it derives none. */
const NO_ADDRESSES = -1_000_000

/** One wish to publish, and what the chain said: `accepted`, `known`, or why not. */
export interface Published {
  readonly tx: Tx
  readonly role: PublishedRole
  readonly outcome: string
}

export interface SideOptions {
  readonly name: string
  readonly chain: RegtestChain
  readonly now: () => number
  readonly limits?: Limits
  /** Whether it keeps something for peers, has them keep something for it, or both (BOLT 1, peer storage). Default: neither. */
  readonly storage?: 'keeps' | 'has kept' | 'both'
  /** Default: none. */
  readonly towers?: readonly NodeId[]
}

/**
 * One engine with a store, stepped by hand: a turn takes its inputs, stores what they write, and then does what they want. What the
 * world answers waits in `inbox`; what goes over a connection is the stage's business.
 */
export class Side {
  readonly name: string
  readonly chain: RegtestChain
  readonly id: NodeId
  readonly #now: () => number
  readonly #fixed: Omit<EngineContext, 'now' | 'entropy' | 'feerates'>
  state: EngineState
  records = new Map<string, Uint8Array>()
  /** What the last turn wrote, in one commit. */
  lastCommit: readonly { readonly key: string }[] = []
  readonly replies = new Map<number, EngineReply[]>()
  readonly told: NumberedEvent[] = []
  readonly published: Published[] = []
  readonly inbox: EngineInput[] = []
  /** Whether it runs. */
  alive = true
  /** Compares the records with the state after each turn. */
  compares = true
  onSend: (connection: number, bytes: Uint8Array) => void = () => undefined
  onClose: (connection: number, reason: string) => void = () => undefined
  onDial: (to: NodeId, host: string | undefined) => void = () => undefined
  /** What the chain says to a transaction instead of looking at it. */
  refuses: (tx: Tx, role: PublishedRole) => string | undefined = () => undefined
  /** Whether its chain says beforehand what it would not take, as a bitcoind does and an Electrum server does not. */
  asksChain = true
  /** For all of its transactions. */
  feeratePerKw: FeeratePerKw = feeratePerKw(1_000)
  trustZeroConf: ReadonlySet<NodeId> = new Set()
  #requests = 0

  constructor({ name, chain, now, limits = {}, storage, towers }: SideOptions) {
    this.name = name
    this.chain = chain
    this.#now = now
    const seed = (what: string) => sha256(utf8Encode(`bookend engine ${name} ${what}`))
    const features = localFeatures({ provideStorage: storage === 'keeps' || storage === 'both' })
    this.id = nodeId(publicKeyFromSecret(seed('node')))
    this.#fixed = {
      network: 'regtest',
      chainHash: REGTEST_GENESIS_HASH,
      nodeId: this.id,
      nodeSecret: seed('node'),
      channelSeed: seed('channels'),
      ...((storage === 'has kept' || storage === 'both') && { storageKey: seed('storage') }),
      ...(towers !== undefined && { towers }),
      walletKeys: walletKeys(concat(seed('wallet'), seed('wallet again')), 'regtest'),
      features,
      supported: supportedFeatures(features),
      limits: {
        engine: { ...DEFAULT_ENGINE_LIMITS, ...limits.engine },
        channel: { ...DEFAULT_LIMITS, toSelfDelay: 6, ...limits.channel },
        gossip: { ...DEFAULT_GOSSIP_LIMITS, ...limits.gossip },
        peer: { ...DEFAULT_PEER_LIMITS, ...limits.peer },
        payment: { ...DEFAULT_PAYMENT_LIMITS, ...limits.payment },
        wallet: { ...DEFAULT_WALLET_LIMITS, addressGap: 2, ...limits.wallet },
      },
    }
    this.state = this.#loaded()
  }

  context(): EngineContext {
    const rate = this.feeratePerKw
    const feerates = { funding: rate, commitment: rate, mutualClose: rate, claim: rate }
    const { trustZeroConf } = this
    return { ...this.#fixed, feerates, trustZeroConf, now: this.#now(), entropy: 0.5 }
  }

  /** All inputs in one turn: their writes in one commit, then their effects. */
  turn(...inputs: readonly EngineInput[]): readonly EngineEffect[] {
    const context = this.context()
    const effects: EngineEffect[] = []
    const writes: { readonly type: string; readonly key: string }[] = []
    for (const input of [...inputs, { type: 'end_of_turn' } as const]) {
      const step = engineStep(this.state, input, context)
      this.state = step.next
      effects.push(...step.effects)
      for (const write of step.writes) {
        if (write.type === 'put') this.records.set(write.key, write.value)
        else this.records.delete(write.key)
        writes.push(write)
      }
    }
    this.lastCommit = writes
    expect(this.state.moved.size, 'what moved in a turn was asked at its end').toBe(0)
    if (this.compares && writes.length > 0) expectSameAsStored(this.state, this.#loaded(NO_ADDRESSES))
    for (const effect of effects) this.#perform(effect)
    return effects
  }

  /** A request of the user, whose number comes back. */
  ask(input: (request: number) => EngineInput): number {
    this.#requests += 1
    const request = this.#requests
    this.replies.set(request, [])
    this.turn(input(request))
    return request
  }

  /** The one reply to a request, if it has come. */
  replyTo(request: number): EngineReply | undefined {
    const replies = this.replies.get(request) ?? []
    expect(replies.length, `replies to request ${request} of ${this.name}`).toBeLessThanOrEqual(1)
    return replies[0]
  }

  /** The blocks that have come and gone since, one turn each. */
  catchUp(): void {
    for (;;) {
      const seen = this.state.blocks.at(-1)
      if (seen !== undefined && this.chain.blockAt(seen.height)?.hash !== seen.hash) {
        this.turn({ type: 'block_disconnected' })
        continue
      }
      const block = this.chain.blockAt(seen === undefined ? this.chain.height : seen.height + 1)
      if (block === undefined) return
      const { height, hash, transactions } = block
      this.turn({ type: 'block_connected', height, hash, transactions })
    }
  }

  /** The process is gone, and with it all that was not stored. */
  crash(): void {
    this.alive = false
    this.inbox.length = 0
    for (const request of this.replies.keys()) this.replyTo(request)
    this.replies.clear()
  }

  /** As a node does it: the records, the blocks that came meanwhile, and then the rest of the world. */
  start(): void {
    this.alive = true
    this.state = this.#loaded()
    this.catchUp()
    this.turn({ type: 'started' })
  }

  get links(): readonly Link[] {
    return [...pmapValues(this.state.links)].sort((a, b) => a.index - b.index)
  }

  /** The funded channels with a peer, or with all, oldest first. */
  channels(peer?: NodeId): readonly FundedChannel[] {
    return this.links.flatMap(({ peer: of, state: { channel } }) =>
      channel !== undefined && 'durable' in channel && (peer === undefined || of === peer) ? [channel] : [],
    )
  }

  channelStates(peer?: NodeId): readonly string[] {
    return this.channels(peer).map(({ state }) => state)
  }

  link(channelId: string): Link {
    const found = this.links.find(
      ({ state }) => state.channel !== undefined && channelIdOf(state.channel) === channelId,
    )
    if (found === undefined) throw new Error(`${this.name} has no channel ${channelId}`)
    return found
  }

  isUp(peer: NodeId): boolean {
    return pmapGet(this.state.peers, peer)?.state.line.type === 'up'
  }

  /** The log as it is stored. */
  get log(): readonly NumberedEvent[] {
    return [...this.records]
      .filter(([key]) => key.startsWith(EVENTS))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => {
        const stored = jsonDecode<{ readonly at: number; readonly event: NodeEvent }>(value)
        if (!stored.ok) throw new Error(stored.error.message)
        return { number: Number(key.slice(EVENTS.length)), ...stored.value }
      })
  }

  eventsOf<T extends NodeEvent['type']>(type: T): readonly Extract<NodeEvent, { type: T }>[] {
    return this.log.map(({ event }) => event).filter(event => event.type === type) as Extract<NodeEvent, { type: T }>[]
  }

  /** A coin of the chain's, to an address of ours. */
  fund(amount: bigint): void {
    const reply = this.replyTo(this.ask(request => ({ type: 'new_address', request })))
    if (reply?.type !== 'address') throw new Error('a request for an address is answered with one')
    const script = scriptFromAddress(reply.address, 'regtest')
    if (!script.ok) throw new Error(script.error.message)
    expect(this.chain.fund(script.value, sat(amount)).ok).toBe(true)
  }

  #loaded(addressGap = this.#fixed.limits.wallet.addressGap): EngineState {
    const records = new Map([...this.records].filter(([key]) => LOADED_PREFIXES.some(prefix => key.startsWith(prefix))))
    const { walletKeys, limits } = this.#fixed
    const context = { walletKeys, limits: { ...limits, wallet: { ...limits.wallet, addressGap } } }
    const told = [...this.records].filter(([key]) => key.startsWith(GOSSIP)).sort(([a], [b]) => (a < b ? -1 : 1))
    const gossip = loadGossip(told, this.#fixed.supported)
    if (!gossip.ok) throw new Error(gossip.error.message)
    const loaded = loadEngine({ records, lastEvent: this.#lastEvent(), context, gossip: gossip.value })
    if (!loaded.ok) throw new Error(loaded.error.message)
    return loaded.value
  }

  #lastEvent(): number {
    let last = ''
    for (const key of this.records.keys()) if (key.startsWith(EVENTS) && key > last) last = key
    return last === '' ? 0 : Number(last.slice(EVENTS.length))
  }

  #perform(effect: EngineEffect): void {
    switch (effect.type) {
      case 'send':
        this.onSend(effect.connection, effect.bytes)
        return
      case 'close':
        this.onClose(effect.connection, effect.reason)
        return
      case 'dial':
        this.onDial(effect.nodeId, effect.addresses[0]?.host)
        return
      case 'publish':
        this.#publish(effect)
        return
      case 'test_funding': {
        const { link, tx } = effect
        const judged = this.asksChain ? this.chain.testAccept(tx) : undefined
        const refusal = judged?.ok === false ? judged.error.reason : undefined
        this.inbox.push({ type: 'funding_tested', link, tx, ...(refusal !== undefined && { refusal }) })
        return
      }
      case 'load_archive': {
        const { link, prefix, commitmentNumber } = effect
        const records = new Map([...this.records].filter(([key]) => key.startsWith(prefix)))
        this.inbox.push({ type: 'archive', link, commitmentNumber, records })
        return
      }
      case 'look_up': {
        const records = new Map([...this.records].filter(([key]) => effect.keys.includes(key)))
        this.inbox.push({ type: 'looked_up', request: effect.request, records })
        return
      }
      case 'check_funding': {
        const { shortChannelId } = effect
        const output = fundingOutputAt(this.chain, shortChannelId)
        this.inbox.push({ type: 'funding_checked', shortChannelId, output })
        return
      }
      case 'load_gossip': {
        const records = new Map(
          effect.keys.flatMap(key => {
            const value = this.records.get(key)
            return value === undefined ? [] : [[key, value] as const]
          }),
        )
        this.inbox.push({ type: 'gossip_loaded', load: effect.load, records })
        return
      }
      case 'load_storage': {
        const { peer, key } = effect
        this.inbox.push({ type: 'storage_loaded', peer, blob: this.records.get(key) })
        return
      }
      case 'load_oldest': {
        const found = [...this.records.keys()].filter(key => key.startsWith(effect.prefix)).sort()
        if (found.length > 0) this.inbox.push({ type: 'oldest_requests', keys: found.slice(0, effect.limit) })
        return
      }
      case 'reply': {
        const replies = this.replies.get(effect.request)
        expect(replies, `request ${effect.request} of ${this.name} was asked in this process`).toEqual([])
        replies?.push(effect.reply)
        return
      }
      case 'event':
        // What is told is in the store by then.
        expect(this.records.has(eventKey(effect.event.number))).toBe(true)
        this.told.push(effect.event)
        return
      case 'wake':
        return
    }
  }

  #publish(effect: Extract<EngineEffect, { type: 'publish' }>): void {
    const { tx, role, request, undo = {} } = effect
    const outcome = this.#submitted(effect)
    this.published.push({ tx, role, outcome })
    if (request === undefined) {
      const isMissing = role === 'wallet' && outcome === 'bad-txns-inputs-missingorspent'
      if (isMissing) this.inbox.push({ type: 'inputs_missing', txid: txid(tx) })
      return
    }
    if (outcome === 'accepted' || outcome === 'known') {
      this.replies.get(request)?.push({ type: 'sent', txid: txid(tx) })
      return
    }
    this.inbox.push({ type: 'publish_refused', txid: txid(tx), undo })
    this.replies
      .get(request)
      ?.push({ type: 'failed', failure: { code: 'refused', expected: '', got: outcome, section: '' } })
  }

  #submitted({ tx, role, parent }: Extract<EngineEffect, { type: 'publish' }>): string {
    const refusal = this.refuses(tx, role)
    if (refusal !== undefined) return refusal
    const offered = offer(this.chain, tx, parent)
    return offered.ok ? offered.value : offered.error.reason
  }
}

/** A channel in the words of the chain. */
export const fundingOf = ({ durable }: FundedChannel): OutPoint => durable.params.fundingOutpoint
