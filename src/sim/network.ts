import type { NodeId } from '../base/index.ts'
import type { Clock } from './clock.ts'
import { Line, type Member, type NetworkEnd } from './line.ts'
import type { Mode } from './plan.ts'
import type { Random } from './random.ts'

export type { NetworkEnd } from './line.ts'

const DIAL_MS = 20

export interface NetworkOptions {
  readonly clock: Clock
  readonly random: Random
  /** Milliseconds one way, at least and at most. */
  readonly latencyMs: readonly [least: number, most: number]
  /** Whether connections carry whole messages (`fast`), or bytes, from a handshake of BOLT 8 on (`real`). */
  readonly mode: Mode
}

/**
 * The connections between nodes. A stream never reorders; over two connections anything may come first. What was sent and has not
 * arrived can be lost from any byte on (`real`) or from any message on (`fast`), since a frame that is cut cannot be opened.
 */
export class SimNetwork {
  readonly #options: NetworkOptions
  readonly #lines = new Map<number, Line>()
  readonly #members = new Map<NodeId, Member>()
  /** Whose address leads to somebody else for a while. */
  readonly #misled = new Map<NodeId, { readonly to: NodeId; readonly until: number }>()
  /** Processes die and live again: how often each has. */
  readonly #timesLeft = new Map<NetworkEnd, number>()
  #lastNumber = 0
  #healed = false
  /** Whether messages of channels wait until `deliver` lets them through, and nobody who dials is answered. */
  holds = false
  /** At least so long after a message comes the next one in its direction. 0 is for a stream, in which what comes together is read together. */
  apartMs = 0

  constructor(options: NetworkOptions) {
    this.#options = options
  }

  /** Faults make way for a network that works. */
  get healed(): boolean {
    return this.#healed
  }

  set healed(is: boolean) {
    this.#healed = is
    if (is) for (const line of this.#lines.values()) line.heal()
  }

  /** The secret of its id is for those who shake hands. */
  join(end: NetworkEnd, secret?: Uint8Array): void {
    this.#members.set(end.id, { end, secret })
  }

  /** `connected` at both ends or `dialFailed` at this one follows. */
  dial(from: NetworkEnd, to: NodeId): void {
    const started = from.isListening
    const times = this.#timesLeft.get(from)
    this.#options.clock.after(DIAL_MS, () => {
      // Whoever has died meanwhile hears nothing of it, also where it lives again.
      if (!started || !from.isListening || this.#timesLeft.get(from) !== times) return
      const reached = this.#reachedBy(to)
      if (reached === undefined || !reached.end.isListening || this.#isHolding) from.dialFailed(to, 'nobody answers')
      else if (reached.end === from) from.dialFailed(to, 'its own address')
      else if (reached.end.id !== to && this.#options.mode === 'fast') from.dialFailed(to, 'somebody else answers')
      else this.#connect(from, reached, { wanted: to, isAskedFor: true })
    })
  }

  /** A connection of the two at once, whoever asked for it. */
  connect(dialled: NetworkEnd, other: NetworkEnd): void {
    const reached = this.#members.get(other.id)
    if (reached !== undefined) this.#connect(dialled, reached, { wanted: other.id, isAskedFor: false })
  }

  send(number: number, from: NetworkEnd, bytes: Uint8Array): void {
    this.#lines.get(number)?.send(from, bytes)
  }

  /** The oldest message on its way from `a` to `b` arrives, where the network holds it. */
  deliver(a: NetworkEnd, b: NetworkEnd): void {
    this.#linesOf(a, b)
      .findLast(line => line.isOpenAt(b))
      ?.letThrough(a)
  }

  /** What was sent before still arrives; then the other end hears of it. */
  close(number: number, from: NetworkEnd): void {
    this.#lines.get(number)?.close(from)
  }

  /** All connections of the two break. */
  cut(a: NetworkEnd, b: NetworkEnd): void {
    for (const line of this.#linesOf(a, b)) line.cut()
  }

  /** One end hears that the connection has ended; what is on its way to the other still arrives there, and then the end. */
  lose(one: NetworkEnd, other: NetworkEnd): void {
    for (const line of this.#linesOf(one, other)) line.breakAt(one)
  }

  /** After so many more messages from `a` to `b` the connection breaks: they arrive, and nothing after them. */
  cutAfter(a: NetworkEnd, b: NetworkEnd, messages: number): void {
    for (const line of this.#linesOf(a, b)) line.breakAfter(a, messages)
  }

  /** All connections of one break. */
  cutOff(one: NetworkEnd): void {
    for (const line of [...this.#lines.values()]) if (line.isOf(one)) line.cut()
  }

  /** Nothing arrives for so long. */
  stall(a: NetworkEnd, b: NetworkEnd, ms: number): void {
    for (const line of this.#linesOf(a, b)) line.stall(this.#options.clock.now + ms)
  }

  /** What `a` sends to `b` is lost, and nobody is told; after so long the connection ends. */
  halfOpen(a: NetworkEnd, b: NetworkEnd, ms: number): void {
    for (const line of this.#linesOf(a, b)) line.halfOpen(a, ms)
  }

  /** A bit changes of what goes from `a` to `b`. */
  spoil(a: NetworkEnd, b: NetworkEnd): void {
    for (const line of this.#linesOf(a, b)) line.spoil(a)
  }

  /** For so long whoever dials `a` reaches `b`, who does not have the key of `a`. */
  mislead(a: NetworkEnd, b: NetworkEnd, ms: number): void {
    this.#misled.set(a.id, { to: b.id, until: this.#options.clock.now + ms })
  }

  /** The process at this end is gone: its host tells the others, sooner or later. */
  leave(end: NetworkEnd): void {
    this.#timesLeft.set(end, (this.#timesLeft.get(end) ?? 0) + 1)
    for (const line of [...this.#lines.values()]) if (line.isOf(end)) line.leave(end)
  }

  #connect(
    from: NetworkEnd,
    reached: Member,
    { wanted, isAskedFor }: { readonly wanted: NodeId; readonly isAskedFor: boolean },
  ): void {
    const { clock, random, latencyMs, mode } = this.#options
    this.#lastNumber += 1
    const number = this.#lastNumber
    const line = new Line({
      number,
      mode,
      clock,
      random: random.split(`line ${number}`),
      members: [this.#members.get(from.id) ?? { end: from, secret: undefined }, reached],
      wanted,
      isAskedFor,
      latencyMs: () => (this.#healed || this.holds ? random.between(1, 2) : random.between(...latencyMs)),
      apartMs: () => (this.#healed ? 0 : this.apartMs),
      holds: () => this.#isHolding,
      onGone: () => this.#lines.delete(number),
    })
    this.#lines.set(number, line)
    line.begin()
  }

  get #isHolding(): boolean {
    return this.holds && !this.#healed
  }

  #reachedBy(to: NodeId): Member | undefined {
    const misled = this.#healed ? undefined : this.#misled.get(to)
    return this.#members.get(misled !== undefined && this.#options.clock.now < misled.until ? misled.to : to)
  }

  #linesOf(a: NetworkEnd, b: NetworkEnd): readonly Line[] {
    return [...this.#lines.values()].filter(line => line.joins(a, b))
  }
}
