import { feeratePerKw, type NodeId, pmapValues } from '../base/index.ts'
import { type Tx, txid } from '../bitcoin/index.ts'
import type { FundedChannel } from '../channel/index.ts'
import {
  type EngineContext,
  type EngineEffect,
  type EngineInput,
  type EngineReply,
  type EngineState,
  type EngineWrite,
  engineStep,
  type Link,
  type PublishedRole,
} from '../engine/index.ts'
import { commitmentPoint, deriveChannelSecrets } from '../keys/index.ts'
import { offer, type RegtestChain } from '../regtest/index.ts'
import type { Clock } from './clock.ts'
import { Disk } from './disk.ts'
import { answerFrom } from './diskAnswers.ts'
import { type FixedContext, fixedContext } from './identity.ts'
import { MempoolSight } from './mempoolSight.ts'
import type { NetworkEnd, SimNetwork } from './network.ts'
import type { Turn, WatchedNode } from './observer.ts'
import type { MempoolPlan, NodePlan } from './plan.ts'
import { type Random, randomOf } from './random.ts'
import { blockAfter, chanceOf, fundingOutputAt, stateOf } from './reading.ts'
import type { Watch } from './watch.ts'

/** What a node finds around it. */
export interface Surroundings {
  readonly seed: string
  readonly clock: Clock
  readonly chain: RegtestChain
  readonly network: SimNetwork
  readonly watch: Watch
  readonly mempool: MempoolPlan
  /** What the chain's fees are now, in satoshis per 1,000 weight units. */
  readonly feerate: () => number
}

type OnReply = (reply: EngineReply) => void

/**
 * A real engine with a driver, a disk and a chain follower of the world's: turns, commits and effects come one after the other as the
 * node's driver has them, but on virtual time, so that a crash may come between any two of them.
 */
export class SimNode implements NetworkEnd, WatchedNode {
  readonly name: string
  readonly plan: NodePlan
  readonly id: NodeId
  readonly disk = new Disk()
  readonly #around: Surroundings
  readonly #random: Random
  readonly #fixed: FixedContext
  readonly #sight: MempoolSight
  /** What is durable. */
  state: EngineState
  alive = false
  /** How much later than it is mined a block is seen. */
  lagMs = 0
  /** Changes or drops what leaves, for those who lie, or says more. */
  outgoing: (bytes: Uint8Array) => readonly Uint8Array[] = bytes => [bytes]
  /** Changes what has come before its engine hears it. */
  incoming: (bytes: Uint8Array) => Uint8Array = bytes => bytes
  /** Whether what it wants on chain gets there, for those who forget. */
  publishes: (role: PublishedRole) => boolean = () => true
  /** Whose channels it uses before they are confirmed. */
  trustZeroConf: ReadonlySet<NodeId> = new Set()
  #queue: EngineInput[] = []
  #turning = false
  #life = 0
  #starting = false
  #sees = false
  #requests = 0
  readonly #waiting = new Map<number, OnReply>()
  readonly #wakes = new Set<number>()
  /** Told when the process has ended by itself. */
  onDiskFailure: () => void = () => undefined

  constructor(plan: NodePlan, around: Surroundings) {
    this.plan = plan
    this.name = plan.name
    this.#around = around
    this.#random = randomOf(`${around.seed}/node/${plan.name}`)
    this.#fixed = fixedContext(plan, this.#random.split('keys'))
    this.id = this.#fixed.nodeId
    this.state = this.loaded()
    const { mempool, chain, clock } = around
    const random = randomOf(`${around.seed}/mempool/${plan.name}`)
    this.#sight = new MempoolSight(this, { plan: mempool, chain, clock, random })
  }

  get isListening(): boolean {
    return this.alive && !this.#starting
  }

  /** Nothing is queued and nothing is being stored. */
  get isIdle(): boolean {
    return !this.#turning && this.#queue.length === 0
  }

  get queued(): number {
    return this.#queue.length
  }

  /** Of its processes, counted: what one of them has begun, the next one knows nothing of. */
  get life(): number {
    return this.#life
  }

  commitmentPoint({ durable: { params } }: FundedChannel, number: number): Uint8Array {
    return commitmentPoint(deriveChannelSecrets(this.#fixed.channelSeed, params.channelKeyIndex), number)
  }

  /** `entropy` is drawn from the node's own chance unless it is given. */
  context(entropy = chanceOf(this.#random, this.state).next()): EngineContext {
    const rate = feeratePerKw(this.#around.feerate())
    const feerates = { funding: rate, commitment: rate, mutualClose: rate, claim: rate }
    const { trustZeroConf } = this
    return { ...this.#fixed, feerates, trustZeroConf, now: this.#around.clock.now, entropy }
  }

  submit(input: EngineInput): void {
    if (!this.alive) return
    this.#queue.push(input)
    this.#wakeDriver()
  }

  /** A request of the user. Its reply comes once, or never where the process ends before. */
  ask(input: (request: number) => EngineInput, onReply: OnReply = () => undefined): number {
    this.#requests += 1
    if (!this.isListening) return this.#requests
    this.#waiting.set(this.#requests, onReply)
    this.submit(input(this.#requests))
    return this.#requests
  }

  /** Fresh bytes, as the host gives them. */
  fresh(length = 32): Uint8Array {
    return this.#random.bytes(length)
  }

  /** The process ends in this instant. What the disk was writing it may have kept or not. */
  crash(keepsLast: boolean): void {
    if (!this.alive) return
    const kept = keepsLast ? this.disk.waiting : 0
    this.disk.crash(kept)
    this.#end()
    this.#around.watch.tell('crashed', this, kept)
  }

  /** As a node does it: the records, the blocks that came meanwhile, and then the rest of the world. */
  start(): void {
    if (this.alive) return
    this.alive = true
    this.#starting = true
    this.#sees = true
    this.state = this.loaded()
    this.#sight.begin()
    this.#around.watch.tell('started', this)
    this.#follow()
  }

  /** How many blocks of the chain it has not seen. */
  get blocksBehind(): number {
    return this.#around.chain.height - (this.state.blocks.at(-1)?.height ?? 0)
  }

  /** There may be new blocks. */
  look(): void {
    this.#sees = true
    if (this.alive && this.isIdle) this.#follow()
  }

  connected(connection: number, peer: NodeId, outgoing: boolean): void {
    this.#around.watch.tell('connected', this, connection, peer)
    const address = { host: peer, port: 9735 }
    this.submit({ type: 'connected', connection, nodeId: peer, outgoing, ...(outgoing && { address }) })
  }

  received(connection: number, peer: NodeId, bytes: Uint8Array): void {
    this.#around.watch.tell('received', this, connection, bytes)
    this.submit({ type: 'received', connection, nodeId: peer, bytes: this.incoming(bytes) })
  }

  ended(connection: number, peer: NodeId): void {
    this.#around.watch.tell('ended', this, connection)
    this.submit({ type: 'ended', connection, nodeId: peer })
  }

  dialFailed(peer: NodeId, reason: string): void {
    this.submit({ type: 'dial_failed', nodeId: peer, reason })
  }

  get links(): readonly Link[] {
    return linksOf(this.state)
  }

  /** The state that the records tell. */
  loaded(records: ReadonlyMap<string, Uint8Array> = this.disk.records): EngineState {
    return stateOf(records, this.#fixed)
  }

  #end(): void {
    this.alive = false
    this.#life += 1
    this.#turning = false
    this.#queue = []
    this.#waiting.clear()
    this.#wakes.clear()
    this.#around.network.leave(this)
  }

  #wakeDriver(): void {
    if (this.#turning) return
    this.#turning = true
    // Inputs of the same instant share a turn.
    this.#later(0, () => this.#turn())
  }

  /** Only if the process is still the same then. */
  #later(ms: number, act: () => void): void {
    const life = this.#life
    this.#around.clock.after(ms, () => {
      if (life === this.#life) act()
    })
  }

  #turn(): void {
    const inputs = this.#queue
    this.#queue = []
    const context = this.context()
    const writes: EngineWrite[] = []
    const effects: EngineEffect[] = []
    let after = this.state
    for (const input of [...inputs, END_OF_TURN]) {
      const step = engineStep(after, input, context)
      after = step.next
      for (const write of step.writes) writes.push(write)
      for (const effect of step.effects) effects.push(effect)
    }
    const turn = { before: this.state, after, inputs, writes, effects }
    this.#around.watch.tell('turn', this, turn)
    if (writes.length === 0) {
      this.#finish(turn)
      return
    }
    this.disk.write(writes, effects)
    this.#later(chanceOf(this.#random, this.state).between(...this.plan.syncMs), () => {
      if (this.disk.sync()) this.#finish(turn)
      else this.#diskFailed()
    })
  }

  /** Nobody knows what was kept: the process ends, as the driver does it. */
  #diskFailed(): void {
    this.#end()
    this.#around.watch.tell('crashed', this, 0)
    this.onDiskFailure()
  }

  #finish(turn: Turn): void {
    this.state = turn.after
    this.#around.watch.tell('durable', this, turn)
    for (const effect of turn.effects) this.#perform(effect)
    this.#turning = false
    if (this.#queue.length > 0) this.#wakeDriver()
    else this.#follow()
  }

  /** The next block that has come or gone, in a turn of its own. */
  #follow(): void {
    if (!this.#sees) return
    const { chain } = this.#around
    const seen = this.state.blocks.at(-1)
    if (seen !== undefined && chain.blockAt(seen.height)?.hash !== seen.hash) {
      this.submit({ type: 'block_disconnected' })
      return
    }
    const block = blockAfter(chain, seen)
    if (block !== undefined) {
      const { height, hash, transactions } = block
      this.submit({ type: 'block_connected', height, hash, transactions })
      return
    }
    this.#sees = false
    if (!this.#starting) return
    this.#starting = false
    this.submit({ type: 'started' })
  }

  #perform(effect: EngineEffect): void {
    const { network, watch } = this.#around
    switch (effect.type) {
      case 'send': {
        for (const bytes of this.outgoing(effect.bytes)) {
          watch.tell('sent', this, effect.connection, bytes)
          network.send(effect.connection, this, bytes)
        }
        return
      }
      case 'close':
        network.close(effect.connection, this)
        return
      case 'dial':
        network.dial(this, effect.nodeId)
        return
      case 'publish':
        this.#publish(effect)
        return
      case 'test_funding': {
        const { link, tx } = effect
        const refusal = this.#sight.refusalOf(tx)
        this.submit({ type: 'funding_tested', link, tx, ...(refusal !== undefined && { refusal }) })
        return
      }
      case 'load_archive':
      case 'look_up':
      case 'load_gossip':
      case 'load_storage':
      case 'load_oldest': {
        const answer = answerFrom(this.disk, effect)
        if (answer !== undefined) this.#later(0, () => this.submit(answer))
        return
      }
      case 'check_funding': {
        const { shortChannelId } = effect
        const output = fundingOutputAt(this.#around.chain, shortChannelId)
        this.#later(0, () => this.submit({ type: 'funding_checked', shortChannelId, output }))
        return
      }
      case 'reply':
        this.#reply(effect.request, effect.reply)
        return
      // Who wants to know it reads the log.
      case 'event':
        return
      case 'wake':
        this.#wakeAt(effect.at)
        return
    }
  }

  #wakeAt(at: number): void {
    // Times that are close share one, as the node's alarm has it.
    const time = Math.ceil(at / WAKE_GRAIN_MS) * WAKE_GRAIN_MS
    if (this.#wakes.has(time)) return
    this.#wakes.add(time)
    const life = this.#life
    this.#around.clock.alarm(time, () => {
      if (life !== this.#life) return
      this.#wakes.delete(time)
      this.submit({ type: 'tick' })
    })
  }

  #reply(request: number, reply: EngineReply): void {
    this.#around.watch.tell('replied', this, request, reply)
    const onReply = this.#waiting.get(request)
    this.#waiting.delete(request)
    onReply?.(reply)
  }

  #publish({ tx, parent, role, request, undo = {} }: Extract<EngineEffect, { type: 'publish' }>): void {
    const outcome = this.submitToChain(tx, role, parent)
    if (request === undefined) {
      if (role === 'wallet' && MISSING_INPUTS.has(outcome)) this.submit({ type: 'inputs_missing', txid: txid(tx) })
      return
    }
    if (outcome === 'accepted' || outcome === 'known') {
      this.#reply(request, { type: 'sent', txid: txid(tx) })
      return
    }
    this.submit({ type: 'publish_refused', txid: txid(tx), undo })
    this.#reply(request, {
      type: 'failed',
      failure: { code: 'refused', expected: 'a transaction that the chain takes', got: outcome, section: '' },
    })
  }

  /** `accepted`, `known`, or why not. */
  submitToChain(tx: Tx, role: PublishedRole, parent?: Tx): string {
    const { chain, watch } = this.#around
    if (!this.publishes(role)) return 'accepted'
    const offered = offer(chain, tx, parent)
    const outcome = offered.ok ? offered.value : offered.error.reason
    watch.tell('published', this, tx, role, outcome)
    return outcome
  }
}

/** What the chain says where an input is not there. */
const MISSING_INPUTS: ReadonlySet<string> = new Set(['missing-inputs', 'bad-txns-inputs-missingorspent'])
const END_OF_TURN = { type: 'end_of_turn' } as const
const WAKE_GRAIN_MS = 50

/** The channels of a node, oldest first. */
export function linksOf(state: EngineState): readonly Link[] {
  return [...pmapValues(state.links)].sort((a, b) => a.index - b.index)
}
