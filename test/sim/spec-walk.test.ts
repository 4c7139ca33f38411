import { expect, test } from 'vitest'
import { type ChannelId, defined } from '../../src/base/index.ts'
import { Coverage, reachable, type SpecTurn, turns } from '../../src/sim/specCoverage.ts'
import { keyOf } from '../../src/sim/specKey.ts'
import type { Bounds } from '../../src/sim/specPair.ts'
import type { Side } from '../engine/side.ts'
import { Stage } from '../engine/stage.ts'
import { Overseer } from './oracleStage.ts'

// Two real engines are led into each state of the specification, one turn at a time: so there is none that only the paper knows.

/** Blocks that a payment brings; a payee takes what brings at least as many as it asks for, so it decides on each HTLC as it is told. */
const SHORT = 200
const LONG = 300

class Walker {
  readonly stage = new Stage()
  readonly overseer: Overseer
  readonly coverage: Coverage
  readonly #bounds: Bounds
  readonly #sides: readonly [Side, Side]
  readonly #channel: ChannelId
  readonly #next = new Map<string, string[]>()
  readonly #failures = new Map<string, number>()
  #brings = LONG
  #asks = 0
  #offered = 0
  turns = 0

  constructor(bounds: Bounds) {
    this.#bounds = bounds
    const all = reachable(bounds)
    for (const edge of all.edges) {
      const [from = '', to = ''] = edge.split(' ')
      this.#next.set(from, [...(this.#next.get(from) ?? []), to])
    }
    this.coverage = new Coverage(all)
    this.overseer = new Overseer({ onState: this.coverage.onState })
    const sides = this.stage.sidesOf(['alice', 'bob'], { coins: [4_000_000n] })
    for (const side of sides) {
      side.compares = false
      this.overseer.watch(side)
      const context = side.context.bind(side)
      side.context = () => {
        const known = context()
        const terms = { finalCltvExpiryDelta: this.#brings, minKeysendCltvExpiryDelta: this.#asks }
        return { ...known, limits: { ...known.limits, payment: { ...known.limits.payment, ...terms } } }
      }
    }
    this.#channel = this.stage.ready(...sides, { capacity: 2_000_000n, push: 1_000_000n })
    for (const side of sides) side.onDial = () => undefined
    const names = this.overseer.oracle.namesOf(this.#channel)
    this.#sides = names[0] === sides[0].name ? sides : [sides[1], sides[0]]
  }

  /** Goes to the nearest state that it has not been in, again and again. False where it gives up. */
  walk(most: number): boolean {
    for (; this.turns < most; this.turns++) {
      const { seen, of } = this.coverage.states
      if (seen === of) return true
      const state = defined(this.overseer.oracle.stateOf(this.#channel), 'the channel is followed')
      const toward = this.#wayFrom(keyOf(state), new Set(this.coverage.missing()))
      const options = turns(state, this.#bounds)
      const fitting = options.filter(({ next }) => keyOf(next) === toward)
      // Now and then at random: two decisions of one turn are not always as they should be.
      const choice = this.turns % 17 === 16 || fitting.length === 0 ? options : fitting
      this.#act(defined(choice[this.turns % choice.length], 'a way is made of turns'))
      expect(this.overseer.complaints).toEqual([])
      this.#learn(keyOf(state), toward)
    }
    return false
  }

  /** A turn that does not lead where it should, since two decisions in it are not free, is not tried for ever. */
  #learn(from: string, toward: string | undefined): void {
    const now = this.overseer.oracle.stateOf(this.#channel)
    if (toward === undefined || now === undefined || keyOf(now) === toward) return
    const edge = `${from} ${toward}`
    const failures = (this.#failures.get(edge) ?? 0) + 1
    this.#failures.set(edge, failures)
    if (failures < 3) return
    const others = this.#next.get(from)?.filter(to => to !== toward)
    if (others !== undefined && others.length > 0) this.#next.set(from, others)
  }

  /** The first state on a shortest way to one of those. */
  #wayFrom(from: string, goals: ReadonlySet<string>): string | undefined {
    const first = new Map<string, string>([[from, '']])
    const queue = [from]
    for (const at of queue) {
      for (const to of this.#next.get(at) ?? []) {
        if (first.has(to)) continue
        const hop = first.get(at) || to
        if (goals.has(to)) return hop
        first.set(to, hop)
        queue.push(to)
      }
    }
    return undefined
  }

  /** What a turn of the specification is in the world. */
  #act({ labels: [label = '', ...decisions] }: SpecTurn): void {
    const me = label.startsWith('A ') ? this.#sides[0] : this.#sides[1]
    const them = me === this.#sides[0] ? this.#sides[1] : this.#sides[0]
    if (label === 'they connect') this.#connect()
    else if (label.includes(' offers ')) {
      this.#offered += 1
      this.#brings = this.#offered % 2 === 0 ? SHORT : LONG
      this.stage.keysend(me, them, 2_000n, { timeoutMs: 1 })
    } else if (label.endsWith(' loses the connection')) this.#end(me)
    else {
      const fulfilled = decisions.filter(decision => decision.includes(' fulfils ')).length
      this.#asks = fulfilled === decisions.length ? 0 : fulfilled === 0 ? LONG + 50 : (SHORT + LONG) / 2
      this.#deliver(me)
    }
    this.#passOthers()
  }

  get #wire(): number {
    return Math.max(...this.stage.wires.keys())
  }

  #deliver(to: Side): void {
    if (!this.stage.deliver(this.#wire, to)) throw new Error(`nothing is on its way to ${to.name}`)
  }

  #connect(): void {
    // What was dropped with the last connection is not tried again.
    this.stage.now += 10
    for (const side of this.#sides) side.turn({ type: 'tick' })
    // Who was asked to connect goes on wanting it.
    const alice = defined(this.stage.sides.get('alice'), 'alice is there')
    const bob = defined(this.stage.sides.get('bob'), 'bob is there')
    this.stage.join(alice, bob)
    for (const side of this.#sides) while (this.stage.answer(side));
    // Each has the other's `init`, and says where it stands.
    for (const side of this.#sides) this.#deliver(side)
  }

  /** One side notices the end, and the other may still read. */
  #end(side: Side): void {
    const wire = defined(this.stage.wires.get(this.#wire), 'there is a connection')
    wire.left.add(side)
    wire.on.set(side, [])
    const peer = defined(
      wire.ends.find(other => other !== side),
      'a connection has two ends',
    )
    side.turn({ type: 'ended', connection: wire.number, nodeId: peer.id })
  }

  /** Messages that the specification does not speak of: `channel_ready`, said again. */
  #passOthers(): void {
    for (const side of this.#sides) {
      for (;;) {
        const head = this.stage.wires.get(this.#wire)?.on.get(side)?.[0]
        if (head === undefined || head === 'end' || ((head[1] ?? 0) >= 128 && (head[1] ?? 0) <= 136)) break
        this.#deliver(side)
      }
    }
  }
}

test.each([
  [1, 1_000, 1],
  [2, 6_000, 0.9],
])('the engine comes to the states of a channel with up to %i HTLCs', (htlcs, most, share) => {
  const walker = new Walker({ htlcs, pace: 'eager' })
  walker.walk(most)
  const { states, edges } = walker.coverage
  console.info(
    `${htlcs} HTLCs: ${states.seen} of ${states.of} states, ${edges.seen} of ${edges.of} moves, in ${walker.turns} turns`,
  )
  expect(states.seen / states.of).toBeGreaterThanOrEqual(share)
})
