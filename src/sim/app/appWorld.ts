import { type NodeId, pmapValues, sat } from '../../base/index.ts'
import { scriptFromAddress } from '../../bitcoin/index.ts'
import { EVENTS } from '../../engine/index.ts'
import type { NodeOptions } from '../../node/index.ts'
import type { StoreWrite } from '../../ports/index.ts'
import type { RegtestChain } from '../../regtest/index.ts'
import { Clock } from '../clock.ts'
import { SimNetwork } from '../network.ts'
import type { Random } from '../random.ts'
import { BrokenRule } from '../watch.ts'
import { Checks } from './checks.ts'
import { WorldFailure } from './failure.ts'
import { Machine, type MachineWorld } from './machine.ts'
import { PORT } from './net.ts'
import type { AppFault, AppFaults, WorldSnapshot } from './options.ts'
import { Stepper } from './stepper.ts'
import { strike } from './strike.ts'
import { mixtureOf, Weather } from './weather.ts'
import { WorldNode } from './worldNode.ts'

const DEFAULT_FEERATE = 1_000
const DEFAULT_BLOCK_MS = 600_000
/** Lines that a failure tells of what had happened. */
const TOLD = 12
const MAX_STORY = 1_000
/** How long the world is looked at in short steps while it comes to rest, and how long in all. */
const SHORT_STEPS = 120
const REST_STEPS = 3_000
/** Of channels that are opened or open: not those that end. */
const TO_BE_USED: ReadonlySet<string> = new Set(['wait_for_funding_confirmed', 'wait_for_channel_ready', 'normal'])
const QUIET: ReadonlySet<string> = new Set(['normal', 'closed', 'aborted'])

export interface AppWorldOptions<N extends string> {
  readonly seed: string
  readonly random: Random
  readonly now: number
  readonly chain: RegtestChain
  readonly nodes: readonly { readonly name: N; readonly records?: ReadonlyMap<string, Uint8Array> }[]
  readonly faults?: AppFaults
  readonly blockEveryMs?: number
  readonly limits?: NodeOptions['limits']
}

/** What an application is given. */
export interface WorldTools<N extends string> {
  readonly nodes: Readonly<Record<N, WorldNode>>
  readonly clock: WorldClock
  readonly chain: WorldChain
  /** Chance of the seed's, for the application. */
  readonly random: Random
  readonly world: AppWorld<N>
}

export interface WorldClock {
  /** Milliseconds since 1970. */
  now(): number
  /** Resolves after so many milliseconds of the world. */
  sleep(ms: number): Promise<void>
  /** Aborts after so many milliseconds of the world, with a `TimeoutError`. */
  timeout(ms: number): AbortSignal
}

export interface WorldChain {
  readonly height: number
  /** The chain itself. */
  readonly regtest: RegtestChain
  mine(count?: number): void
  /** Replaces the last blocks by one more. */
  reorganize(depth: number): void
  /** The miner's coins, confirmed at once. */
  fund(node: WorldNode, amountSat: number): Promise<void>
}

type Moment = 'start' | 'restart' | 'end'

/** See `createWorld`. */
export class AppWorld<N extends string = string> {
  readonly seed: string
  readonly nodes: Readonly<Record<N, WorldNode>>
  readonly clock: WorldClock
  readonly chain: WorldChain
  /** How often each kind of fault is to come. */
  readonly faults: AppFaults
  readonly #random: Random
  readonly #time: Clock
  readonly #start: number
  readonly #regtest: RegtestChain
  readonly #network: SimNetwork
  readonly #machines: readonly Machine[]
  readonly #stepper: Stepper
  readonly #checks: Checks
  readonly #weather: Weather
  readonly #listeners: Readonly<Record<Moment, Set<(name: N) => void>>> = {
    start: new Set(),
    restart: new Set(),
    end: new Set(),
  }
  readonly #story: string[] = []
  #feerate = DEFAULT_FEERATE
  /** Below this nothing is taken back. */
  #floor = 0

  constructor(options: AppWorldOptions<N>) {
    const { seed, random, now, chain, limits } = options
    this.seed = seed
    this.#random = random
    this.#time = new Clock(now)
    this.#start = now
    this.#regtest = chain
    this.#network = new SimNetwork({
      clock: this.#time,
      random: random.split('network'),
      latencyMs: [1, 40],
      mode: 'real',
    })
    this.#network.healed = true
    this.#stepper = new Stepper(this.#time)
    const world = this.#machineWorld(limits)
    this.#machines = options.nodes.map(
      ({ name, records }) =>
        new Machine({ name, random: random.split(`node ${name}`), ...(records && { records }) }, world),
    )
    this.#checks = new Checks(this.#machines, chain, rule => this.#stepper.broken(rule))
    const used = () => this.#stepper.moved()
    // Of each name there is one.
    this.nodes = Object.fromEntries(
      this.#machines.map(machine => [machine.name, new WorldNode(machine, used)]),
    ) as Record<N, WorldNode>
    this.faults = options.faults ?? mixtureOf(random.split('faults'))
    this.#weather = new Weather(this.faults, random.split('weather'), (afterMs, fault, draws) =>
      this.#time.after(afterMs, () => {
        if (this.#weather.isOn) this.#strike(fault, draws)
      }),
    )
    this.clock = this.#makeClock()
    this.chain = this.#makeChain()
    this.#mineAfterAWhile(options.blockEveryMs ?? DEFAULT_BLOCK_MS, random.split('blocks'))
  }

  /** The same for the same seed and the same application: over all messages, writes and publications. */
  get traceHash(): string {
    return this.#checks.traceHash
  }

  /** What has happened to the nodes and around them so far, a line each. */
  get story(): readonly string[] {
    return this.#story
  }

  /** Tells of each start of a node after its first, or of each start, or of each end. Returns how to stop it. */
  on(moment: Moment, listener: (name: N) => void): () => void {
    this.#listeners[moment].add(listener)
    return () => this.#listeners[moment].delete(listener)
  }

  /** All nodes start; then `furnish`. Called once, by `createWorld`. */
  begin(furnish: () => Promise<void> = async () => undefined): Promise<void> {
    return this.#through(async () => {
      for (const machine of this.#machines) machine.start()
      for (const machine of this.#machines) await machine.up()
      await furnish()
      await this.#poll(() => this.#areChannelsUsable())
      this.#floor = this.#regtest.height
    })
  }

  /**
   * Runs an application in this world, with its faults, and brings everything to rest when the application has ended. Rejects with a
   * `WorldFailure` where the application rejects, never ends, or a rule of the world is broken.
   */
  run<T>(app: (tools: WorldTools<N>) => Promise<T>): Promise<T> {
    return this.#through(async () => {
      const { nodes, clock, chain } = this
      this.#weather.isOn = true
      this.#network.healed = false
      const result = await app({ nodes, clock, chain, random: this.#random.split('application'), world: this })
      await this.#calm()
      this.#checks.rest()
      return result
    })
  }

  /** Faults stop and every node comes back that was not told to stop. Resolves when nothing is under way any more. */
  heal(): Promise<void> {
    return this.#through(() => this.#calm())
  }

  /** What the application waits for outside of the world: the clock stands still meanwhile. */
  outside<T>(work: Promise<T>): Promise<T> {
    return this.#stepper.outside(work)
  }

  /** Waits until nothing is being stored. What goes on in memory is no part of it: in the worlds that go on from it every node has just started. */
  snapshot(): Promise<WorldSnapshot<N>> {
    return this.#through(async () => {
      while (this.#machines.some(({ disk }) => disk.waiting > 0)) await this.clock.sleep(10)
      const nodes = this.#machines.map(({ name, disk }) => ({ name: name as N, records: new Map(disk.records) }))
      return { version: 1, seed: this.seed, now: this.#time.now, chain: this.#regtest.save(), nodes }
    })
  }

  async #through<T>(act: () => Promise<T>): Promise<T> {
    if (this.#stepper.isStepping) return act()
    try {
      return await this.#stepper.through(act)
    } catch (error) {
      this.#weather.isOn = false
      throw new WorldFailure(error, {
        seed: this.seed,
        atMs: this.#time.now - this.#start,
        story: this.#story.slice(-TOLD),
      })
    }
  }

  async #calm(): Promise<void> {
    this.#weather.isOn = false
    this.#network.healed = true
    this.#feerate = DEFAULT_FEERATE
    for (const machine of this.#machines) {
      machine.lagMs = 0
      machine.chainAwayUntil = 0
      machine.disk.fault = undefined
      if (!machine.isStopped) machine.start()
    }
    await this.#poll(async () => this.#machines.every(machine => isQuiet(machine)))
    // Unless its user wants a channel to have no connection.
    await this.#poll(() => this.#areChannelsUsable(), SHORT_STEPS).catch(error => {
      if (!(error instanceof BrokenRule)) throw error
    })
  }

  /** Until it holds: soon, or after the delays of the chain. */
  async #poll(holds: () => Promise<boolean>, steps = REST_STEPS): Promise<void> {
    for (let step = 0; !(await holds()); step++) {
      if (step >= steps) throw new BrokenRule('rest', this.#restless())
      await this.clock.sleep(step < SHORT_STEPS ? 1_000 : 300_000)
    }
  }

  #restless(): string {
    const busy = this.#machines.filter(machine => !isQuiet(machine)).map(({ name }) => name)
    return `the world does not come to rest: ${busy.length > 0 ? `${busy.join(', ')} still has something under way` : 'a channel stays unusable'}`
  }

  /** Between nodes that run. */
  async #areChannelsUsable(): Promise<boolean> {
    const running = new Set<NodeId>(this.#machines.filter(({ isStopped }) => !isStopped).map(({ id }) => id))
    for (const { node, isStopped } of this.#machines) {
      if (isStopped) continue
      if (node === undefined) return false
      for (const { state, usable, peer } of await node.channels()) {
        if (running.has(peer) && TO_BE_USED.has(state) && !usable) return false
      }
    }
    return true
  }

  #strike(fault: AppFault, random: Random): void {
    const what = strike(
      fault,
      {
        machines: this.#machines,
        network: this.#network,
        chain: this.#regtest,
        clock: this.#time,
        floor: this.#floor,
        setFeerate: perKw => {
          this.#feerate = perKw
        },
      },
      random,
    )
    if (what !== undefined) this.#tell(what)
  }

  #mineAfterAWhile(everyMs: number, random: Random): void {
    if (everyMs === 0) return
    this.#time.after(random.between(Math.ceil(everyMs / 2), Math.ceil(everyMs * 1.5)), () => {
      this.#regtest.mine(1)
      this.#mineAfterAWhile(everyMs, random)
    })
  }

  #tell(what: string): void {
    this.#story.push(`${((this.#time.now - this.#start) / 1000).toFixed(3)} s: ${what}`)
    if (this.#story.length > MAX_STORY) this.#story.shift()
  }

  #machineWorld(limits: NodeOptions['limits']): MachineWorld {
    const emit = (moment: Moment, { name }: Machine) => {
      this.#stepper.moved()
      for (const listener of this.#listeners[moment]) listener(name as N)
    }
    const byName = (name: string) => this.#machines.find(machine => machine.name === name)
    return {
      clock: this.#time,
      chain: this.#regtest,
      network: this.#network,
      limits,
      feerate: () => this.#feerate,
      book: {
        at: ({ host, port }) => (port === PORT ? byName(host)?.id : undefined),
        nameOf: id => this.#machines.find(machine => machine.id === id)?.name ?? id,
      },
      started: (machine, isFirst) => {
        if (!isFirst) this.#tell(`${machine.name} is started again`)
        emit('start', machine)
        if (!isFirst) emit('restart', machine)
      },
      ended: (machine, how) => {
        this.#tell(`${machine.name} ${how}`)
        emit('end', machine)
      },
      durable: (machine, writes) => this.#durable(machine, writes),
      sent: (machine, connection, bytes) => this.#checks.sent(machine, connection, bytes),
      published: (machine, tx, outcome) => this.#checks.published(machine, tx, outcome),
      broken: (rule, message) => this.#stepper.broken(new BrokenRule(rule, message)),
    }
  }

  #durable(machine: Machine, writes: readonly StoreWrite[]): void {
    if (writes.some(({ key }) => key.startsWith(EVENTS))) this.#stepper.moved()
    this.#checks.durable(machine, writes)
    this.#weather.committed()
  }

  #makeClock(): WorldClock {
    return {
      now: () => this.#time.now,
      sleep: ms => this.#stepper.sleep(ms),
      timeout: ms => {
        const controller = new AbortController()
        const abort = () => controller.abort(new DOMException('It took too long.', 'TimeoutError'))
        void this.#stepper.sleep(ms).then(abort)
        return controller.signal
      },
    }
  }

  #makeChain(): WorldChain {
    const chain = this.#regtest
    const changed = (what: string) => {
      this.#stepper.moved()
      this.#tell(what)
    }
    return {
      get height() {
        return chain.height
      },
      regtest: chain,
      mine: (count = 1) => {
        chain.mine(count)
        changed(`the application mines ${count} ${count === 1 ? 'block' : 'blocks'}`)
      },
      reorganize: depth => {
        const done = chain.reorganize({ depth })
        if (!done.ok) throw new Error(done.error.details)
        changed(`the application replaces ${depth} blocks`)
      },
      fund: async (node, amountSat) => {
        const { address } = await node.newAddress()
        const script = scriptFromAddress(address, 'regtest')
        if (!script.ok) throw new Error(script.error.message)
        const funded = chain.fund(script.value, sat(BigInt(amountSat)))
        if (!funded.ok) throw new Error(funded.error.reason)
        changed(`the application gives ${node.name} ${amountSat} sat`)
      },
    }
  }
}

/** No payment is under way, and no channel waits for anything. */
function isQuiet({ state, isStopped, node }: Machine): boolean {
  if (isStopped) return true
  if (node === undefined || state.payments.inFlight.size > 0) return false
  for (const { state: link } of pmapValues(state.links)) {
    const { channel } = link
    if (channel === undefined) continue
    if (!QUIET.has(channel.state)) return false
    if (channel.state === 'normal' && channel.durable.htlcs.length > 0) return false
  }
  return true
}
