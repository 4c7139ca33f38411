import { BookendError, feeratePerKw, type NodeId, nodeId as nodeIdOf } from '../../base/index.ts'
import type { Tx } from '../../bitcoin/index.ts'
import { publicKeyFromSecret } from '../../crypto/index.ts'
import { type EngineState, EVENTS } from '../../engine/index.ts'
import { seedPhraseFromEntropy } from '../../keys/index.ts'
import { type BookendNode, createNode, type NodeKeys, type NodeOptions, nodeKeys } from '../../node/index.ts'
import type { StoreWrite } from '../../ports/index.ts'
import type { RegtestChain } from '../../regtest/index.ts'
import type { Clock } from '../clock.ts'
import { Disk } from '../disk.ts'
import type { SimNetwork } from '../network.ts'
import { type Random, randomOf } from '../random.ts'
import { lifeChain } from './chain.ts'
import { Life } from './life.ts'
import { PORT, WorldEnd, type WorldEndOptions } from './net.ts'
import { Records } from './records.ts'
import { lifeStore } from './store.ts'

const SYNC_MS = [0, 3] as const
/** Whoever watches over a node starts it again after so long. */
const RESTART_MS = 1_000

/** What a machine finds around it, and whom it tells. */
export interface MachineWorld {
  readonly clock: Clock
  readonly chain: RegtestChain
  readonly network: SimNetwork
  readonly book: WorldEndOptions['book']
  readonly limits: NodeOptions['limits']
  readonly feerate: () => number
  readonly started: (machine: Machine, isFirst: boolean) => void
  readonly ended: (machine: Machine, how: string) => void
  readonly durable: (machine: Machine, writes: readonly StoreWrite[]) => void
  readonly sent: (machine: Machine, connection: number, bytes: Uint8Array) => void
  readonly published: (machine: Machine, tx: Tx, outcome: string) => void
  /** A node that cannot start is a rule broken. */
  readonly broken: (rule: string, message: string) => void
}

export interface MachineOptions {
  readonly name: string
  readonly random: Random
  readonly records?: ReadonlyMap<string, Uint8Array>
}

/** A computer with a disk, on which a real node runs, ends, crashes and is started again. */
export class Machine {
  readonly name: string
  readonly id: NodeId
  readonly disk = new Disk()
  readonly end: WorldEnd
  /** How much later than the others it hears of a block. */
  lagMs = 0
  /** Until then its chain does not answer. */
  chainAwayUntil = 0
  readonly #world: MachineWorld
  readonly #random: Random
  readonly #keys: NodeKeys
  readonly #records: Records
  #life: Life | undefined
  #node: BookendNode | undefined
  #lives = 0
  #lastEvent = 0
  /** It was told to stop: nobody but its user starts it again. */
  #isStopped = false
  /** Rejections of the calls that wait. */
  readonly #calls = new Set<(reason: unknown) => void>()
  #whenUp: PromiseWithResolvers<void> | undefined

  constructor({ name, random, records = new Map() }: MachineOptions, world: MachineWorld) {
    this.name = name
    this.#world = world
    this.#random = random
    this.#keys = keysOf(name)
    this.id = nodeIdOf(publicKeyFromSecret(this.#keys.seed.nodeSecret))
    if (records.size > 0) {
      this.disk.write([...records].map(([key, value]) => ({ type: 'put', key, value })))
      this.disk.sync()
    }
    this.#records = new Records(this.disk, this.#keys.wallet)
    this.#lastEvent = this.#records.lastEvent()
    const { network, book } = world
    const onSent = (connection: number, bytes: Uint8Array) => world.sent(this, connection, bytes)
    this.end = new WorldEnd({ name, id: this.id, network, book, onSent })
    network.join(this.end, this.#keys.seed.nodeSecret)
  }

  /** What runs there now. */
  get node(): BookendNode | undefined {
    return this.#node
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Of the newest durable event. */
  get lastEvent(): number {
    return this.#lastEvent
  }

  /** What its records tell: what is durable. */
  get state(): EngineState {
    return this.#records.state()
  }

  /** The same, read anew. */
  loaded(): EngineState {
    return this.#records.load()
  }

  /** Resolves when the process that runs now is gone. */
  get over(): Promise<'over'> {
    return this.#life?.over ?? Promise.resolve('over')
  }

  /** Resolves when a node runs there. */
  up(): Promise<void> {
    if (this.#node !== undefined) return Promise.resolve()
    this.#whenUp ??= Promise.withResolvers<void>()
    return this.#whenUp.promise
  }

  start(): void {
    this.#isStopped = false
    if (this.#life !== undefined) return
    const life = new Life(this.#world.clock)
    this.#life = life
    this.#lives += 1
    createNode(this.#options(life)).then(
      node => this.#came(life, node),
      reason => this.#didNotCome(life, reason),
    )
  }

  /** The process ends in this instant. What the disk was writing it has kept or not. It starts again after `downMs`, if there is one. */
  crash({ keepsLast, downMs }: { readonly keepsLast: boolean; readonly downMs: number | undefined }): void {
    if (this.#life === undefined) return
    const kept = keepsLast ? this.disk.waiting : 0
    this.disk.crash(kept)
    this.#leave('crashes')
    if (downMs !== undefined) this.#startLater(downMs)
  }

  /** In good order. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#node?.stop()
  }

  /** Of whatever runs there now. A crash rejects it, and nobody knows then what was carried out. */
  call<T>(act: (node: BookendNode) => Promise<T>): Promise<T> {
    const node = this.#node
    if (node === undefined) return Promise.reject(down(`${this.name} does not run.`, 'Try again when it does.'))
    return new Promise<T>((resolve, reject) => {
      this.#calls.add(reject)
      act(node)
        .then(resolve, reject)
        .finally(() => this.#calls.delete(reject))
    })
  }

  #options(life: Life): NodeOptions {
    const { clock, chain, limits, feerate } = this.#world
    const random = this.#random.split(`life ${this.#lives}`)
    const chance = random.split('chance')
    const bytes = random.split('bytes')
    return {
      keys: this.#keys,
      chain: lifeChain({
        chain,
        life,
        random: random.split('chain'),
        feerate: () => feeratePerKw(feerate()),
        lagMs: () => this.lagMs,
        isAway: () => clock.now < this.chainAwayUntil,
        onPublished: (tx, outcome) => this.#world.published(this, tx, outcome),
      }),
      store: lifeStore({
        disk: this.disk,
        life,
        random: random.split('disk'),
        syncMs: SYNC_MS,
        onDurable: writes => this.#stored(writes),
      }),
      net: { network: () => this.end.port(), listen: { host: this.name, port: PORT } },
      clock: () => clock.now,
      timers: life.timers,
      chance: () => chance.next(),
      randomBytes: length => bytes.bytes(length),
      ...(limits !== undefined && { limits }),
    }
  }

  #stored(writes: readonly StoreWrite[]): void {
    for (const { type, key } of writes) {
      if (type === 'put' && key.startsWith(EVENTS)) this.#lastEvent = Number(key.slice(EVENTS.length))
    }
    this.#world.durable(this, writes)
  }

  #came(life: Life, node: BookendNode): void {
    if (this.#life !== life) return
    this.#node = node
    this.#whenUp?.resolve()
    this.#whenUp = undefined
    const ended = () => {
      if (this.#life !== life) return
      this.#leave(this.#isStopped ? 'stops' : 'ends itself, as its disk has failed')
      if (!this.#isStopped) this.#startLater(RESTART_MS)
    }
    node.stopped.then(ended, ended)
    this.#world.started(this, this.#lives === 1)
  }

  #didNotCome(life: Life, reason: unknown): void {
    if (this.#life !== life) return
    this.#leave('does not start')
    const isWeather = reason instanceof BookendError && (reason.code === 'chain_unavailable' || reason.code === 'disk')
    if (isWeather) this.#startLater(RESTART_MS)
    else this.#world.broken('every start', `${this.name} cannot be started again: ${String(reason)}`)
  }

  #leave(how: string): void {
    this.#life?.end()
    this.#life = undefined
    this.#node = undefined
    this.end.leave()
    this.#world.ended(this, how)
    const reason = down(
      `${this.name} has ended: whether this was carried out, nobody knows.`,
      'Ask again when it runs; under the same idempotency key nothing is done twice.',
    )
    for (const reject of [...this.#calls]) reject(reason)
    this.#calls.clear()
  }

  #startLater(ms: number): void {
    this.#world.clock.after(ms, () => {
      if (!this.#isStopped) this.start()
    })
  }
}

const keysByName = new Map<string, NodeKeys>()

/** The same for a name in every world: a test may know them, and they are derived once. */
function keysOf(name: string): NodeKeys {
  const known = keysByName.get(name)
  if (known !== undefined) return known
  const phrase = seedPhraseFromEntropy(randomOf(`a node of a world, called ${name}`).bytes(32))
  const keys = nodeKeys(phrase, 'regtest')
  keysByName.set(name, keys)
  return keys
}

function down(message: string, advice: string): BookendError {
  return new BookendError('stopped', message, { advice })
}
