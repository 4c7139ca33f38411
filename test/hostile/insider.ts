import { setTimeout as pause } from 'node:timers/promises'
import { fromHex, msat, sat } from '../../src/base/index.ts'
import { tcpNetwork } from '../../src/net/index.ts'
import { type BookendNode, createNode, regtest } from '../../src/node/index.ts'
import type { Connection, Network, Store } from '../../src/ports/index.ts'
import type { RegtestChain } from '../../src/regtest/index.ts'
import type { Random } from '../processes/random.ts'
import { type Arsenal, mutated } from './hostileMessages.ts'
import type { Target } from './stranger.ts'

// One who has a channel: a whole node, whose words are changed on their way out, dropped, or said again.

export type Scene = 'opening' | 'normal' | 'with HTLCs' | 'closing'

export interface InsiderOptions {
  readonly chain: RegtestChain
  readonly store: Promise<Store>
  readonly target: Target
  readonly victim: BookendNode
  readonly arsenal: Arsenal
  readonly random: Random
}

const CAPACITY_SAT = sat(200_000n)
const BATCHES = 12
const LARGEST_BATCH = 8
const KEPT = 60
const OPENING_ATTEMPTS = 20
const TYPES = { closingSigned: 39, closingComplete: 40, closingSig: 41, fulfill: 130, fail: 131 }

/** Between a node and its network: what it says may be kept back or changed, and others may be said in its name. */
class Tap {
  readonly seen: Uint8Array[] = []
  readonly #random: Random
  readonly firsts = new Map<number, Uint8Array>()
  #connection: Connection | undefined
  /** Types of messages that do not get through. */
  withheld: ReadonlySet<number> = new Set()
  /** How often a message of the node is changed. */
  change: ((bytes: Uint8Array) => Uint8Array) | undefined
  sent = 0

  constructor(random: Random) {
    this.#random = random
  }

  network(nodeSecret: Uint8Array): Network {
    const real = tcpNetwork({ nodeSecret })
    return {
      listen: real.listen,
      dial: (to, accept, signal) => real.dial(to, connection => accept(this.#tapped(connection)), signal),
    }
  }

  /** Says it in the name of the node, if there is a connection. */
  say(messages: readonly Uint8Array[]): void {
    this.sent += messages.length
    this.#connection?.send(messages.map(bytes => bytes.slice()))
  }

  #tapped(connection: Connection): Connection {
    this.#connection = connection
    const { remoteNodeId, outgoing, remoteAddress } = connection
    return {
      ...{ remoteNodeId, outgoing, remoteAddress },
      close: () => connection.close(),
      send: messages => {
        const passed = messages.filter(bytes => !this.withheld.has(typeOf(bytes)))
        for (const bytes of passed) this.#keep(bytes)
        this.sent += passed.length
        connection.send(passed.map(bytes => this.change?.(bytes) ?? bytes))
      },
    }
  }

  #keep(bytes: Uint8Array): void {
    if (!this.firsts.has(typeOf(bytes))) this.firsts.set(typeOf(bytes), bytes.slice())
    if (this.seen.length < KEPT) this.seen.push(bytes.slice())
    else this.seen[this.#random.between(0, KEPT - 1)] = bytes.slice()
  }
}

const typeOf = (bytes: Uint8Array): number => (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0)

export class Insider {
  readonly #options: InsiderOptions
  readonly #tap: Tap
  readonly #node: BookendNode
  channels = 0

  private constructor(options: InsiderOptions, tap: Tap, node: BookendNode) {
    this.#options = options
    this.#tap = tap
    this.#node = node
  }

  static async create(options: InsiderOptions): Promise<Insider> {
    const tap = new Tap(options.random)
    const node = await createNode({
      chain: regtest(options.chain),
      store: options.store,
      net: { network: secret => tap.network(secret) },
      limits: { peer: { minBackoffMs: 5, maxBackoffMs: 20, stableAfterMs: 0 } },
    })
    return new Insider(options, tap, node)
  }

  get node(): BookendNode {
    return this.#node
  }

  get sent(): number {
    return this.#tap.sent
  }

  /** The first message of this type that its node has said. */
  said(type: number): Uint8Array | undefined {
    return this.#tap.firsts.get(type)
  }

  stop(): Promise<void> {
    return this.#node.stop()
  }

  /** A new channel, brought to the scene, and then the attack. What is left of the channel is for `mine` to bury. */
  async play(scene: Scene, mine: (blocks: number) => Promise<void>): Promise<void> {
    const tap = this.#tap
    tap.withheld = new Set()
    tap.change = undefined
    const { random, target } = this.#options
    await this.#connected()
    if (scene === 'opening') tap.change = bytes => (random.chance(0.3) ? mutated(bytes, random) : bytes)
    const opened = await this.#open(scene)
    tap.change = undefined
    if (opened === undefined) return this.#attack(new Uint8Array(32))
    this.channels += 1
    await mine(3)
    const id = fromHex(opened.channelId)
    if (scene === 'opening') return this.#attack(id)
    await this.#until(async () =>
      (await this.#node.channels()).some(channel => channel.channelId === opened.channelId && channel.usable),
    )
    await this.#node.pay({ nodeId: target.nodeId, amountMsat: msat(1_000_000n) })
    if (scene === 'with HTLCs') await this.#leaveHtlcs()
    if (scene === 'closing') {
      tap.withheld = new Set([TYPES.closingSigned, TYPES.closingComplete, TYPES.closingSig])
      await this.#node.closeChannel({ channelId: opened.channelId }).catch(() => undefined)
    }
    await this.#attack(id)
  }

  /** What was said before may end the connection just now: then it is asked for again, unless the opening itself is under attack. */
  async #open(scene: Scene) {
    const { target } = this.#options
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#node.openChannel({
          peer: { nodeId: target.nodeId, address: target },
          capacitySat: CAPACITY_SAT,
          pushMsat: msat(50_000_000n),
          signal: AbortSignal.timeout(scene === 'opening' ? 1_000 : 60_000),
        })
      } catch (error) {
        if (scene === 'opening') return undefined
        if (attempt === OPENING_ATTEMPTS) throw error
        await pause(50)
      }
    }
  }

  /** The victim pays, and is left without an answer. */
  async #leaveHtlcs(): Promise<void> {
    const { victim } = this.#options
    this.#tap.withheld = new Set([TYPES.fulfill, TYPES.fail])
    for (let i = 0; i < 4; i++) {
      const request = { nodeId: this.#node.nodeId, amountMsat: msat(BigInt(1_000_000 + i)), timeoutMs: 3_600_000 }
      void victim.pay(request).catch(() => undefined)
    }
    await this.#until(async () => (await this.#node.channels()).some(({ htlcs }) => htlcs > 0))
  }

  async #attack(channelId: Uint8Array): Promise<void> {
    const { arsenal, random } = this.#options
    const { seen } = this.#tap
    for (let batch = 0; batch < BATCHES; batch++) {
      const length = random.between(1, LARGEST_BATCH)
      this.#tap.say(Array.from({ length }, () => arsenal.insider(random, channelId, seen).bytes))
      // Time to be heard, and to be connected again where that was the end.
      await pause(random.between(0, 10))
    }
  }

  async #connected(): Promise<void> {
    const { target } = this.#options
    await this.#node.connect({ nodeId: target.nodeId, address: target })
  }

  async #until(holds: () => Promise<boolean>): Promise<void> {
    for (let i = 0; i < 3_000; i++) {
      if (await holds()) return
      await pause(10)
    }
    throw new Error('the attacker waited in vain')
  }
}
