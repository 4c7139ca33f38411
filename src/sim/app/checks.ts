import { createHash, type Hash } from 'node:crypto'
import type { Tx } from '../../bitcoin/index.ts'
import type { EngineState } from '../../engine/index.ts'
import type { StoreWrite } from '../../ports/index.ts'
import type { RegtestChain } from '../../regtest/index.ts'
import { conservation } from '../invariants/conservation.ts'
import { payments } from '../invariants/payments.ts'
import { publications } from '../invariants/publications.ts'
import { signerSafety } from '../invariants/signerSafety.ts'
import type { Turn, WatchedNode, WatchedWorld } from '../observer.ts'
import type { NodePlan } from '../plan.ts'
import { BrokenRule, Watch } from '../watch.ts'
import type { Machine } from './machine.ts'

/** What the rules ask of a node's plan: nobody in the world of an application is hostile. */
const PLAN: NodePlan = {
  name: '',
  isAdversary: false,
  coinsSat: [],
  toSelfDelay: 0,
  minimumDepth: 0,
  syncMs: [0, 0],
}
const OF_CHANNELS = 'channel/'

/** The rules of the world that can be seen from outside of a node: on its disk, on its wires, on the chain, and in its log. */
export class Checks {
  readonly #watch = new Watch()
  readonly #watched: ReadonlyMap<Machine, WatchedNode>
  readonly #before = new Map<Machine, EngineState>()
  readonly #trace: Hash = createHash('sha256')
  readonly #onBroken: (rule: BrokenRule) => void

  constructor(machines: readonly Machine[], chain: RegtestChain, onBroken: (rule: BrokenRule) => void) {
    this.#onBroken = onBroken
    this.#watched = new Map(machines.map(machine => [machine, watched(machine)]))
    const world: WatchedWorld = { honest: [...this.#watched.values()], chain }
    this.#watch.begin([conservation(world), payments(world), publications(world), signerSafety(world)])
  }

  /** Over all messages, writes and publications so far. */
  get traceHash(): string {
    return this.#trace.copy().digest('hex')
  }

  durable(machine: Machine, writes: readonly StoreWrite[]): void {
    for (const write of writes) {
      this.#trace.update(`${machine.name} ${write.key}`)
      if (write.type === 'put') this.#trace.update(write.value)
    }
    if (!writes.some(({ key }) => key.startsWith(OF_CHANNELS))) return
    this.#tell(() => {
      const after = machine.state
      const before = this.#before.get(machine)
      this.#before.set(machine, after)
      if (before === undefined) return
      const turn: Turn = { before, after, inputs: [], writes, effects: [] }
      this.#watch.tell('durable', this.#nodeOf(machine), turn)
    })
  }

  sent(machine: Machine, connection: number, bytes: Uint8Array): void {
    this.#trace.update(`${machine.name} ${connection}`).update(bytes)
    this.#tell(() => this.#watch.tell('sent', this.#nodeOf(machine), connection, bytes))
  }

  published(machine: Machine, tx: Tx, outcome: string): void {
    this.#trace.update(`${machine.name} ${outcome}`)
    this.#tell(() => this.#watch.tell('published', this.#nodeOf(machine), tx, 'wallet', outcome))
  }

  /** When all has come to rest. */
  rest(): void {
    this.#tell(() => this.#watch.tell('rest'))
  }

  #nodeOf(machine: Machine): WatchedNode {
    const node = this.#watched.get(machine)
    if (node === undefined) throw new Error('a machine is of another world')
    return node
  }

  /** A node that tells of something must not stumble over what is thought of it. */
  #tell(act: () => void): void {
    try {
      act()
    } catch (error) {
      if (!(error instanceof BrokenRule)) throw error
      this.#onBroken(error)
    }
  }
}

function watched(machine: Machine): WatchedNode {
  const { name, id, disk } = machine
  return {
    name,
    id,
    disk,
    plan: { ...PLAN, name },
    get state() {
      return machine.state
    },
    get isListening() {
      return machine.end.isListening
    },
    loaded: () => machine.loaded(),
  }
}
