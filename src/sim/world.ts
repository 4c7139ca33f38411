import { assert, defined, sat, unreachable } from '../base/index.ts'
import { scriptFromAddress } from '../bitcoin/index.ts'
import type { EngineState } from '../engine/index.ts'
import type { RegtestChain } from '../regtest/index.ts'
import { Adversary } from './adversary.ts'
import { isAllClosed, isAtEase, isResolved } from './atRest.ts'
import { BASE_HEIGHT, baseChain } from './baseChain.ts'
import { type BlockWish, Miner } from './blocks.ts'
import { Clock } from './clock.ts'
import { fundedChannels } from './ghost.ts'
import { History } from './history.ts'
import { Lies } from './liar.ts'
import { Market } from './market.ts'
import { SimNetwork } from './network.ts'
import { doToNetwork } from './networkDeeds.ts'
import { SimNode } from './node.ts'
import type { Observer } from './observer.ts'
import type { Plan, PlannedDeed } from './plan.ts'
import { type Random, randomOf } from './random.ts'
import { strangers } from './strangers.ts'
import { BrokenRule, Watch } from './watch.ts'
import { Workload } from './workload.ts'

/** Milliseconds since 1970 at the beginning of every world. */
const EPOCH_MS = 1_800_000_000_000
/** Something that goes on for ever without the clock moving is a fault of ours. */
const MAX_HAPPENINGS = 2_000_000
/** How long a world may take to come to rest; between two blocks while all is closed; and for what a block confirms. */
const REST_MS = 30 * 60_000
const STEP_MS = 30_000
const CONFIRM_MS = 3 * 60_000
const BLOCKS_TO_CONFIRM = 4
/** From the last sign of life over a line to its end, with a ping between: see the limits of a peer. */
const SIGN_OF_LIFE_MS = 60_000

/** A whole network of real engines in one process, on virtual time, over a real chain. */
export class World {
  readonly plan: Plan
  readonly clock = new Clock(EPOCH_MS)
  readonly chain: RegtestChain
  readonly network: SimNetwork
  readonly nodes: readonly SimNode[]
  readonly workload: Workload
  readonly watch = new Watch()
  readonly lost = new Set<SimNode>()
  /** What every node once was. */
  readonly history = new History()
  readonly lies = new Lies()
  readonly #random: Random
  readonly #adversaries: ReadonlyMap<SimNode, Adversary>
  readonly #market: Market
  #happenings = 0
  readonly #miner: Miner
  #isHealed = false
  /** Every node has seen this block and those since: of a branch that begins below it could never know. */
  #floor = BASE_HEIGHT

  constructor(plan: Plan, observers: (world: World) => readonly Observer[]) {
    this.plan = plan
    this.#random = randomOf(plan.seed)
    this.chain = baseChain(plan.mode)
    this.#miner = new Miner(this.chain)
    this.#market = new Market(this.chain, plan.mempool)
    this.network = new SimNetwork({
      clock: this.clock,
      random: this.#random.split('network'),
      latencyMs: [1, 40],
      mode: plan.mode,
    })
    const around = {
      seed: plan.seed,
      clock: this.clock,
      chain: this.chain,
      network: this.network,
      watch: this.watch,
      mempool: plan.mempool ?? {},
      feerate: () => this.#market.perKw,
    }
    this.nodes = plan.nodes.map(each => new SimNode(each, around))
    const trusted = new Set(plan.isTrusting === true ? this.honest.map(({ id }) => id) : [])
    for (const node of this.honest) node.trustZeroConf = trusted
    for (const node of this.nodes) this.network.join(node, node.context(0).nodeSecret)
    this.workload = new Workload(this.clock, this.nodes, this.chain)
    this.#adversaries = new Map(
      this.nodes
        .filter(({ plan: { isAdversary } }) => isAdversary)
        .map(node => [node, new Adversary(node, around, this)]),
    )
    const remembering: Observer = {
      name: 'history',
      turn: (node, { after }) => this.history.remember(node, after) as undefined,
    }
    this.watch.begin([remembering, ...observers(this)])
    this.chain.onBlock(() => this.#blocksCame())
  }

  /** Everyone who is not hostile. */
  get honest(): readonly SimNode[] {
    return this.nodes.filter(({ plan: { isAdversary } }) => !isAdversary)
  }

  get happenings(): number {
    return this.#happenings
  }

  get isHealed(): boolean {
    return this.#isHealed
  }

  /** Throws a `BrokenRule` where a rule is broken. */
  run(more: Iterable<PlannedDeed> = []): void {
    this.#setUp()
    this.network.holds = this.plan.isHeld === true
    this.network.apartMs = this.plan.apartMs ?? 0
    const start = this.clock.now
    for (const deeds of [this.plan.deeds, more]) {
      for (const planned of deeds) {
        this.#until(start + planned.at)
        this.watch.tell('deed', planned)
        this.#do(planned)
      }
    }
    this.#until(start + this.plan.healAt)
    this.#heal()
    this.watch.tell('rest')
    if (!this.plan.closesAll) return
    this.#closeAll()
    this.watch.tell('closed')
  }

  /** A node by its index in the plan, modulo their number. */
  nodeAt(index: number): SimNode {
    return defined(this.nodes[index % this.nodes.length], 'a world has nodes')
  }

  /** Coins for everyone, and channels. */
  #setUp(): void {
    for (const node of this.nodes) {
      node.start()
      this.#soon()
      for (const coin of node.plan.coinsSat) this.#fund(node, coin)
    }
    this.#soon()
    this.#floor = this.chain.height
    for (const node of this.nodes) node.disk.keepFromHere()
    for (const node of this.nodes) {
      for (const other of this.nodes)
        if (node.name < other.name && this.#areNeighbours(node, other)) this.#introduce(node, other)
    }
    this.#soon()
    for (const { from, to, ...opening } of this.plan.channels) {
      this.workload.open(this.nodeAt(from), this.nodeAt(to), opening)
      this.#soon()
    }
    this.chain.mine(6)
    this.#soon()
  }

  #areNeighbours(a: SimNode, b: SimNode): boolean {
    return this.plan.channels.some(({ from, to }) => {
      const pair = [this.nodeAt(from), this.nodeAt(to)]
      return pair.includes(a) && pair.includes(b)
    })
  }

  /** The user of one names the other. */
  #introduce(node: SimNode, other: SimNode): void {
    node.ask(request => ({
      type: 'connect_peer',
      request,
      nodeId: other.id,
      addresses: [{ host: other.name, port: 9735 }],
    }))
  }

  #fund(node: SimNode, amountSat: number): void {
    let address: string | undefined
    node.ask(
      request => ({ type: 'new_address', request }),
      reply => {
        if (reply.type === 'address') address = reply.address
      },
    )
    this.#soon()
    const script = scriptFromAddress(defined(address, 'a node gives an address'), 'regtest')
    assert(script.ok, 'an address of ours is one')
    const funded = this.chain.fund(script.value, sat(BigInt(amountSat)))
    assert(funded.ok, 'the miner has coins')
  }

  #do({ id, deed }: PlannedDeed): void {
    const random = this.#random.split(`deed ${id}`)
    const { workload, network } = this
    switch (deed.type) {
      case 'pay':
        workload.pay(this.nodeAt(deed.from), this.nodeAt(deed.to), deed, random)
        return
      case 'open':
        if (deed.missingSat !== undefined) this.#adversaries.get(this.nodeAt(deed.from))?.fundLess(deed.missingSat)
        workload.open(this.nodeAt(deed.from), this.nodeAt(deed.to), deed)
        return
      case 'close':
        workload.close(this.nodeAt(deed.who), deed.channel, deed.force)
        return
      case 'send':
        workload.send(this.nodeAt(deed.from), this.nodeAt(deed.to), deed)
        return
      case 'cut':
      case 'stall':
      case 'half_open':
      case 'second_connection':
      case 'spoil':
      case 'mislead':
      case 'lose':
      case 'cut_after':
      case 'deliver':
        doToNetwork(deed, network, index => this.nodeAt(index))
        return
      case 'crash':
        this.#crash(this.nodeAt(deed.who), deed.downMs, deed.keepsLast)
        return
      case 'sync_fault': {
        const node = this.nodeAt(deed.who)
        if (!node.alive) return
        if (deed.isPublishing === true) node.disk.faultWhenPublishing = deed.fault
        else node.disk.fault = deed.fault
        node.onDiskFailure = () => this.#comeBack(node, deed.downMs)
        return
      }
      case 'old_image': {
        const node = this.nodeAt(deed.who)
        this.#crash(node, deed.downMs, true)
        node.disk.rollBack(deed.age)
        this.lost.add(node)
        return
      }
      case 'mine':
        this.#mine(deed.count, deed.contents, random)
        return
      case 'reorg':
        this.#reorganize(deed.depth)
        return
      case 'lag':
        this.nodeAt(deed.who).lagMs = deed.ms
        return
      case 'feerate':
        this.#market.asks(deed.perKw)
        return
      case 'publish_old':
      case 'withhold':
      case 'mutate':
      case 'open_many':
      case 'lie':
      case 'deceive':
        this.#adversaries.get(this.nodeAt(deed.who))?.act(deed, random)
        return
      case 'vanish': {
        const node = this.nodeAt(deed.who)
        if (this.#adversaries.has(node)) this.#crash(node, deed.ms, true)
        return
      }
      default:
        unreachable(deed)
    }
  }

  #crash(node: SimNode, downMs: number, keepsLast: boolean): void {
    if (!node.alive) return
    node.crash(keepsLast)
    this.#comeBack(node, downMs)
  }

  #comeBack(node: SimNode, downMs: number): void {
    this.clock.after(downMs, () => node.start())
  }

  #mine(count: number, wish: BlockWish, random: Random): void {
    for (let i = 0; i < count; i++) {
      this.#callBack()
      this.#miner.mine(wish, { random, feeratePerKw: this.#market.perKw })
    }
  }

  /** Whoever was away for longer could lose an HTLC by that alone: nobody honest is. */
  #callBack(): void {
    const away = this.honest.filter(
      ({ blocksBehind, state }) =>
        blocksBehind >= MAX_BLOCKS_AWAY || (blocksBehind >= MAX_BLOCKS_AWAY_AT_CLOSE && hasHtlcsOnChain(state)),
    )
    for (const node of away) {
      node.lagMs = 0
      node.start()
      node.look()
    }
    if (away.length > 0) this.#soon()
  }

  #reorganize(depth: number): void {
    const reorganized = this.chain.reorganize({ depth: Math.min(depth, this.chain.height - this.#floor) })
    assert(reorganized.ok, 'a branch of blocks without transactions is good')
  }

  #blocksCame(): void {
    for (const node of this.nodes) {
      if (node.lagMs === 0) node.look()
      else this.clock.after(node.lagMs, () => node.look())
    }
    for (const adversary of this.#adversaries.values()) adversary.blocksCame()
    this.watch.tell('chain')
  }

  /** Satoshis per 1,000 weight units: what nodes hear when they ask for one. */
  get feeratePerKw(): number {
    return this.#market.perKw
  }

  /** Faults stop, everyone is there, and whatever was begun comes to its end. */
  #heal(): void {
    this.#isHealed = true
    this.network.healed = true
    this.#market.calm()
    for (const adversary of this.#adversaries.values()) adversary.behave()
    this.workload.holds.decideAll()
    for (const node of this.nodes) {
      node.lagMs = 0
      node.disk.fault = undefined
      node.disk.faultWhenPublishing = undefined
      node.start()
      node.look()
    }
    // Back-off, timeouts of payments, blocks for what is confirmed. A line that has died without a sign is found by a ping.
    this.#rest(REST_MS)
    this.#until(this.clock.now + SIGN_OF_LIFE_MS)
    for (const [one, other] of strangers(this.nodes)) this.#introduce(one, other)
    for (let i = 0; i < BLOCKS_TO_CONFIRM; i++) {
      this.#rest(CONFIRM_MS)
      this.chain.mine(1)
    }
    // What is on chain is awaited, to the end of every HTLC and delay.
    this.#rest(STEP_MS)
    for (let i = 0; i < MAX_BLOCKS_TO_REST && !isResolved(this); i++) {
      this.chain.mine(1)
      this.#rest(STEP_MS)
    }
    this.#rest(REST_MS)
    this.#until(this.clock.now + SIGN_OF_LIFE_MS)
  }

  /** Until nobody waits for anything that time alone brings, and no longer than this. */
  #rest(mostMs: number): void {
    const until = this.clock.now + mostMs
    while (!this.#isAtRest() && this.#step(until));
  }

  #isAtRest(): boolean {
    return !this.clock.isAwaited && this.nodes.every(isAtEase)
  }

  #closeAll(): void {
    for (const node of this.honest) this.workload.closeAll(node)
    this.#rest(STEP_MS)
    for (let i = 0; i < MAX_BLOCKS_TO_REST && !isAllClosed(this.honest); i++) {
      this.chain.mine(1)
      this.#rest(STEP_MS)
      // Who does not close together is closed alone.
      if (i === 10) for (const node of this.honest) this.workload.closeAll(node, true)
    }
    this.chain.mine(1)
    this.#rest(STEP_MS)
  }

  /** Until nothing more happens for a second. */
  #soon(): void {
    this.#until(this.clock.now + 1_000)
  }

  #until(time: number): void {
    while (this.#step(time));
  }

  #step(until: number): boolean {
    if (!this.clock.step(until)) return false
    this.#happenings += 1
    if (this.#happenings > MAX_HAPPENINGS) throw new BrokenRule('bounded work', 'the world never comes to rest')
    return true
  }
}

/** Well below the deadlines at which a node goes on chain. */
const MAX_BLOCKS_AWAY = 8
/** A node that has HTLCs to claim before they expire has been away once, and the chain may be reorganized besides. */
const MAX_BLOCKS_AWAY_AT_CLOSE = 2
const MAX_BLOCKS_TO_REST = 400

const hasHtlcsOnChain = (state: EngineState): boolean =>
  fundedChannels(state).some(channel => channel.state === 'closing' && channel.durable.htlcs.length > 0)
