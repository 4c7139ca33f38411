import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type ChannelId, type FeeratePerKw, feeratePerKw, msat, type PaymentHash, sat } from '../../src/base/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import type { NumberedEvent } from '../../src/engine/index.ts'
import { seedPhraseFromEntropy } from '../../src/keys/index.ts'
import { tcpNetwork } from '../../src/net/index.ts'
import {
  type BookendNode,
  type ChannelInfo,
  createNode,
  type NodeKeys,
  type NodeOptions,
  nodeKeys,
  type OpenRequest,
  regtest,
  sqlite,
} from '../../src/node/index.ts'
import type { Chain } from '../../src/ports/index.ts'
import { Counter } from './counting.ts'
import type { LdkChannel } from './ldk/protocol.ts'
import { type Random, SlowLine, seeded } from './slowLine.ts'
import { type Stage, until } from './stage.ts'

// A node of ours with LDK as its peer, over a slow line that a seed rules.

export const CAPACITY_SAT = 1_000_000n
export const PUSH_MSAT = 400_000_000n
const FUNDING_DEPTH = 6
/** In which all is claimed that the other side could take too. */
const FIRST_BLOCKS = 12
const LOT = 6
/** The delays and expiries of both, and then some. */
const MOST_BLOCKS = 500

const LIMITS: NonNullable<NodeOptions['limits']> = {
  // Lost lines are made again at once: tests have a lot of them.
  peer: { minBackoffMs: 5, maxBackoffMs: 50 },
  channel: { maxAcceptedHtlcs: 240, maxDustHtlcExposureMsat: msat(50_000_000n) },
}

/** What a node of ours does as others do not. */
export interface PartyOptions {
  /** LDK's channels may be used before they are confirmed. */
  readonly trustZeroConf?: boolean
}

/** How old a feerate may be before the node asks again. */
const FEERATE_AGE_MS = 60_000
/** In which a chain in memory has told one. */
const ANSWER_MS = 20

let parties = 0

export class Party {
  readonly stage: Stage
  readonly counter: Counter
  readonly proxy: SlowLine
  readonly random: Random
  readonly #file: string
  readonly #keys: NodeKeys
  readonly #options: PartyOptions
  #feeratePerKw: FeeratePerKw | undefined
  /** How much later it is for our node than for everyone else. */
  #aheadMs = 0
  #node: BookendNode | undefined
  #inward: SlowLine | undefined

  private constructor(stage: Stage, proxy: SlowLine, random: Random, options: PartyOptions) {
    this.stage = stage
    this.#options = options
    this.proxy = proxy
    this.random = random
    this.counter = new Counter(() => this.cut())
    this.#file = join(stage.folder(), 'node.sqlite')
    parties += 1
    this.#keys = nodeKeys(seedPhraseFromEntropy(sha256(Uint8Array.of(parties))), 'regtest')
  }

  static async create(stage: Stage, seed: number, options: PartyOptions = {}): Promise<Party> {
    const random = seeded(seed)
    const party = new Party(stage, await SlowLine.open(random, () => stage.ldk.port), random, options)
    await party.start()
    party.#inward = await SlowLine.open(random, () => party.node.listening?.port ?? 0)
    return party
  }

  get node(): BookendNode {
    if (this.#node === undefined) throw new Error('our node is not there')
    return this.#node
  }

  /** On the disk that it has. */
  async start(): Promise<void> {
    this.#node = await createNode({
      chain: this.#chain(),
      clock: () => Date.now() + this.#aheadMs,
      ...(this.#options.trustZeroConf === true && { trustZeroConf: [this.stage.ldkId] }),
      store: sqlite({ file: this.#file }),
      keys: this.#keys,
      net: {
        network: nodeSecret => this.counter.around(tcpNetwork({ nodeSecret })),
        listen: { host: '127.0.0.1', port: 0 },
      },
      limits: LIMITS,
    })
  }

  #chain(): Chain {
    const chain = regtest(this.stage.chain)
    return { ...chain, feerate: async target => this.#feeratePerKw ?? chain.feerate(target) }
  }

  /** What transactions cost from now on, for us alone: asked for with one block, used with the next. */
  async setFeerate(perKw: number): Promise<void> {
    this.#feeratePerKw = feeratePerKw(perKw)
    this.#aheadMs += FEERATE_AGE_MS
    await this.mine(1)
    await pause(ANSWER_MS)
    await this.mine(1)
  }

  async stop(): Promise<void> {
    await this.#node?.stop()
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /** From the next cut on they stay apart. */
  apart(): void {
    this.proxy.closed = true
    if (this.#inward !== undefined) this.#inward.closed = true
  }

  cut(): void {
    this.proxy.cut()
    this.#inward?.cut()
  }

  async close(): Promise<void> {
    await this.stop()
    await this.proxy.close()
    await this.#inward?.close()
  }

  /** We dial LDK, through the line. */
  async connect(): Promise<void> {
    const address = { host: '127.0.0.1', port: this.proxy.port }
    await this.node.connect({ nodeId: this.stage.ldkId, address })
    await this.#met()
  }

  /** LDK dials us. */
  async beDialled(): Promise<void> {
    const { nodeId } = this.node
    await this.stage.ldk.ask('connect', { nodeId, host: '127.0.0.1', port: this.#inward?.port ?? 0 })
    await this.#met()
  }

  async #met(): Promise<void> {
    const { nodeId } = this.node
    await until('both know that they are connected', async () => {
      const theirs = await this.stage.ldk.ask('peers')
      const ours = await this.node.peers()
      return theirs.includes(nodeId) && ours.some(peer => peer.connected)
    })
  }

  /** A block or more, seen by all. */
  async mine(count: number): Promise<void> {
    this.stage.chain.mine(count)
    await this.seeAll()
  }

  async seeAll(): Promise<void> {
    const { chain, ldk } = this.stage
    await ldk.ask('sync')
    await until('we see the tip', async () => (await this.node.info()).blockHeight === chain.height)
  }

  /** Blocks until we have no channel left and it is over for LDK too: one by one while there is something to answer to, then in lots. */
  async toTheEnd(isOverForLdk: () => Promise<boolean>): Promise<void> {
    for (let blocks = 0; blocks < MOST_BLOCKS; ) {
      const count = blocks < FIRST_BLOCKS ? 1 : LOT
      await this.mine(count)
      blocks += count
      if ((await this.node.channels()).length === 0 && (await isOverForLdk())) break
    }
    await this.mine(LOT)
  }

  async fund(): Promise<void> {
    const { address } = await this.node.newAddress()
    this.stage.pay(address)
    await this.seeAll()
  }

  async openFromUs(): Promise<ChannelId> {
    const channelId = await this.openUnconfirmed()
    await this.confirm(channelId)
    return channelId
  }

  /** Funded, without a block. */
  async openUnconfirmed(variations: Pick<OpenRequest, 'zeroConf' | 'scidAlias'> = {}): Promise<ChannelId> {
    await this.fund()
    const { channelId } = await this.node.openChannel({
      peer: { nodeId: this.stage.ldkId },
      capacitySat: sat(CAPACITY_SAT),
      pushMsat: msat(PUSH_MSAT),
      ...variations,
    })
    return channelId
  }

  async openFromLdk(): Promise<ChannelId> {
    const channelId = await this.openUnconfirmedFromLdk()
    await this.confirm(channelId)
    return channelId
  }

  async openUnconfirmedFromLdk(): Promise<ChannelId> {
    // We pay for what is to be confirmed with coins of our own, whoever has opened the channel.
    await this.fund()
    const { ldk } = this.stage
    const { nodeId } = this.node
    const before = ldk.events.length
    await ldk.ask('open', { nodeId, capacitySat: `${CAPACITY_SAT}`, pushMsat: `${PUSH_MSAT}` })
    const told = await ldk.until('its channel is funded', event => event.event === 'channel_pending', before)
    if (told.event !== 'channel_pending') throw new Error('not the event that was waited for')
    await until('its funding transaction waits', async () => this.stage.chain.mempool().length > 0)
    // It is the name that both have for it.
    return told.channelId as ChannelId
  }

  async confirm(channelId: ChannelId): Promise<void> {
    await this.mine(FUNDING_DEPTH)
    await this.usable(channelId)
  }

  async usable(channelId: ChannelId): Promise<void> {
    await until('the channel is usable on both sides', async () => {
      const theirs = await this.theirs(channelId)
      return theirs?.usable === true && (await this.ours(channelId)).usable
    })
  }

  /** After the last cut, if there was one: both have said on a new line where they stand. */
  async meetsAgain(channelId: ChannelId): Promise<void> {
    await until('both have met again', async () => this.counter.hasMetAgain)
    await this.usable(channelId)
  }

  ours(channelId: ChannelId): Promise<ChannelInfo> {
    return this.node.channel({ channelId })
  }

  async theirs(channelId: ChannelId): Promise<LdkChannel | undefined> {
    return (await this.stage.ldk.ask('channels')).find(channel => channel.channelId === channelId)
  }

  /** Until no HTLC is left on either side. */
  async quiet(channelId: ChannelId): Promise<void> {
    await until('no HTLC is left', async () => {
      const theirs = await this.theirs(channelId)
      const ours = await this.ours(channelId)
      return ours.htlcs === 0 && theirs?.pendingIn === 0 && theirs.pendingOut === 0
    })
  }

  /** What is confirmed on chain and spendable. */
  async coins(): Promise<{ readonly ours: bigint; readonly theirs: bigint }> {
    const [{ onchainConfirmedSat }, { coinsSat }] = [await this.node.balance(), await this.stage.ldk.ask('balance')]
    return { ours: onchainConfirmedSat, theirs: BigInt(coinsSat) }
  }

  /** The hashes of all that have succeeded; none while our node is away. */
  async payments(): Promise<readonly string[]> {
    const payments = await this.node.payments({ limit: 1_000 }).catch(() => [])
    return payments.filter(({ status }) => status === 'succeeded').map(({ paymentHash }) => paymentHash)
  }

  async events(): Promise<readonly NumberedEvent[]> {
    const { lastEvent } = await this.node.info()
    const events: NumberedEvent[] = []
    if (lastEvent === 0) return events
    for await (const event of this.node.events({ after: 0 })) {
      events.push(event)
      if (event.number >= lastEvent) break
    }
    return events
  }

  payment(paymentHash: string) {
    return this.node.payment({ paymentHash: paymentHash as PaymentHash })
  }
}
