import type { NodeId } from '../base/index.ts'
import type { Clock } from './clock.ts'
import type { Random } from './random.ts'

/** Who is at an end of a connection. */
export interface NetworkEnd {
  readonly name: string
  readonly id: NodeId
  /** Its process runs and listens. */
  readonly isListening: boolean
  connected(connection: number, peer: NodeId, outgoing: boolean): void
  received(connection: number, peer: NodeId, bytes: Uint8Array): void
  ended(connection: number, peer: NodeId): void
  dialFailed(peer: NodeId, reason: string): void
}

/** One connection. What is on its way in a direction arrives in its order, or not at all. */
interface Line {
  readonly number: number
  readonly ends: readonly [NetworkEnd, NetworkEnd]
  /** Which end still hears of it. */
  readonly hears: [boolean, boolean]
  /** What is lost without a sign: from that end to the other. */
  readonly loses: [boolean, boolean]
  /** Before this time nothing arrives at that end. */
  readonly arrivesAt: [number, number]
}

const DIAL_MS = 20

/**
 * Connections between nodes as they are after the handshake of BOLT 8: streams of messages that are whole or not there at all, since a
 * frame that is cut cannot be opened. A stream never reorders; over two connections anything may come first.
 */
export class SimNetwork {
  readonly #clock: Clock
  readonly #random: Random
  readonly #lines = new Map<number, Line>()
  readonly #ends = new Map<NodeId, NetworkEnd>()
  #lastNumber = 0
  /** Milliseconds one way, at least and at most. */
  readonly #latencyMs: readonly [number, number]
  /** Faults make way for a network that works. */
  healed = false

  constructor({
    clock,
    random,
    latencyMs,
  }: { readonly clock: Clock; readonly random: Random; readonly latencyMs: readonly [number, number] }) {
    this.#clock = clock
    this.#random = random
    this.#latencyMs = latencyMs
  }

  join(end: NetworkEnd): void {
    this.#ends.set(end.id, end)
  }

  /** `connected` at both ends or `dialFailed` at this one follows. */
  dial(from: NetworkEnd, to: NodeId): void {
    const started = from.isListening
    this.#clock.after(DIAL_MS, () => {
      const other = this.#ends.get(to)
      if (!started || !from.isListening) return
      if (other === undefined || !other.isListening) from.dialFailed(to, 'nobody answers')
      else this.connect(from, other)
    })
  }

  /** A connection of the two at once, whoever asked for it. */
  connect(dialled: NetworkEnd, other: NetworkEnd): void {
    this.#lastNumber += 1
    const number = this.#lastNumber
    const { now } = this.#clock
    this.#lines.set(number, {
      number,
      ends: [dialled, other],
      hears: [true, true],
      loses: [false, false],
      arrivesAt: [now, now],
    })
    dialled.connected(number, other.id, true)
    other.connected(number, dialled.id, false)
  }

  send(number: number, from: NetworkEnd, bytes: Uint8Array): void {
    const line = this.#lines.get(number)
    if (line === undefined) return
    const [me, them] = indices(line, from)
    if (!line.hears[me] || line.loses[me]) return
    this.#arrive(line, them, () => line.ends[them].received(number, from.id, bytes))
  }

  /** What was sent before still arrives; then the other end hears of it. */
  close(number: number, from: NetworkEnd): void {
    const line = this.#lines.get(number)
    if (line === undefined) return
    const [me, them] = indices(line, from)
    if (!line.hears[me]) return
    line.hears[me] = false
    this.#clock.after(0, () => from.ended(number, line.ends[them].id))
    if (!line.loses[me]) this.#arrive(line, them, () => this.#end(line, them))
  }

  /** All connections of the two break, with whatever is on its way. */
  cut(a: NetworkEnd, b: NetworkEnd): void {
    for (const line of this.#linesOf(a, b)) for (const end of [0, 1] as const) this.#end(line, end)
  }

  /** All connections of one break. */
  cutOff(one: NetworkEnd): void {
    for (const line of [...this.#lines.values()])
      if (line.ends.includes(one)) for (const end of [0, 1] as const) this.#end(line, end)
  }

  /** Nothing arrives for so long. */
  stall(a: NetworkEnd, b: NetworkEnd, ms: number): void {
    for (const { arrivesAt } of this.#linesOf(a, b)) {
      for (const end of [0, 1] as const) arrivesAt[end] = Math.max(arrivesAt[end], this.#clock.now + ms)
    }
  }

  /** What `a` sends to `b` is lost, and nobody is told; after so long the connection ends. */
  halfOpen(a: NetworkEnd, b: NetworkEnd, ms: number): void {
    for (const line of this.#linesOf(a, b)) {
      line.loses[indices(line, a)[0]] = true
      this.#clock.after(ms, () => {
        for (const end of [0, 1] as const) this.#end(line, end)
      })
    }
  }

  /** The process at this end is gone: its host tells the others, sooner or later. */
  leave(end: NetworkEnd): void {
    for (const line of [...this.#lines.values()]) {
      if (!line.ends.includes(end)) continue
      const [me, them] = indices(line, end)
      line.hears[me] = false
      if (line.hears[them]) this.#arrive(line, them, () => this.#end(line, them))
    }
  }

  #end(line: Line, end: 0 | 1): void {
    if (!line.hears[end]) return
    line.hears[end] = false
    if (!line.hears[0] && !line.hears[1]) this.#lines.delete(line.number)
    line.ends[end].ended(line.number, line.ends[end === 0 ? 1 : 0].id)
  }

  #arrive(line: Line, at: 0 | 1, act: () => void): void {
    const [least, most] = this.healed ? [1, 2] : this.#latencyMs
    line.arrivesAt[at] = Math.max(line.arrivesAt[at], this.#clock.now + this.#random.between(least, most))
    this.#clock.at(line.arrivesAt[at], () => {
      if (line.hears[at]) act()
    })
  }

  #linesOf(a: NetworkEnd, b: NetworkEnd): readonly Line[] {
    return [...this.#lines.values()].filter(({ ends }) => ends.includes(a) && ends.includes(b))
  }
}

function indices({ ends }: Line, end: NetworkEnd): readonly [me: 0 | 1, them: 0 | 1] {
  return ends[0] === end ? [0, 1] : [1, 0]
}
