import { defined, type NodeId } from '../base/index.ts'
import type { Clock } from './clock.ts'
import { Flow, type FlowOptions } from './flow.ts'
import type { Mode } from './plan.ts'
import type { Random } from './random.ts'
import { bolt8Speech, plainSpeech, type Speech, type SpeechListener } from './speech.ts'

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

/** Who is there, and the secret of its id where connections shake hands. */
export interface Member {
  readonly end: NetworkEnd
  readonly secret: Uint8Array | undefined
}

export interface LineOptions extends Pick<FlowOptions, 'latencyMs' | 'apartMs'> {
  readonly number: number
  /** `fast`: whole messages. `real`: BOLT 8 over a stream of bytes. */
  readonly mode: Mode
  readonly clock: Clock
  /** Of this connection alone. */
  readonly random: Random
  /** Who has begun it, and whom that has reached. */
  readonly members: readonly [Member, Member]
  /** Whom the first wanted to reach. */
  readonly wanted: NodeId
  /** Whether its node has asked for it, and hears why where nothing comes of it. */
  readonly isAskedFor: boolean
  /** Whether messages of channels wait until they are let through. */
  readonly holds: () => boolean
  readonly onGone: () => void
}

interface Held {
  /** One for a channel goes when it is let through; the others go as soon as none is before them. */
  readonly isAwaited: boolean
  readonly act: () => void
}

interface Side {
  readonly end: NetworkEnd
  /** What it sends. */
  readonly flow: Flow
  readonly speech: Speech
  state: 'opening' | 'open' | 'gone'
  /** After so many messages more the connection breaks. */
  leaves: number
  /** What it has said and the network holds. */
  held: Held[]
}

type At = 0 | 1

/** One connection of two ends, from the first byte of its handshake on. What is on its way in a direction arrives in its order, or not at all. */
export class Line {
  readonly number: number
  readonly #options: LineOptions
  readonly #sides: readonly [Side, Side]

  constructor(options: LineOptions) {
    this.number = options.number
    this.#options = options
    this.#sides = [this.#side(0), this.#side(1)]
  }

  begin(): void {
    for (const { speech } of this.#sides) speech.begin()
  }

  joins(a: NetworkEnd, b: NetworkEnd): boolean {
    return this.isOf(a) && this.isOf(b)
  }

  isOf(end: NetworkEnd): boolean {
    return this.#sides.some(side => side.end === end)
  }

  /** Whether messages that come are heard at this end. */
  isOpenAt(end: NetworkEnd): boolean {
    return this.#sides[this.#at(end)].state === 'open'
  }

  send(from: NetworkEnd, message: Uint8Array): void {
    const side = this.#sides[this.#at(from)]
    if (side.state !== 'open') return
    this.#say(side, isOfChannel(message), () => side.speech.send(message))
    side.leaves -= 1
    // Within the turn that says it: nothing of the same turn follows.
    if (side.leaves === 0) this.breakAt(from)
  }

  /** What was sent before still arrives; then the other end hears of it. */
  close(from: NetworkEnd): void {
    const at = this.#at(from)
    const side = this.#sides[at]
    if (side.state !== 'open') return
    this.#options.clock.after(0, () => from.ended(this.number, this.#peerOf(at)))
    this.#finish(side)
    this.#leave(side)
  }

  /** The connection breaks: of what is on its way a part still arrives, in each direction for itself, and then the end. */
  cut(): void {
    for (const side of this.#sides) cut(side)
  }

  /** This end hears that the connection has ended; what is on its way to the other still arrives there, and then the end. */
  breakAt(end: NetworkEnd): void {
    const at = this.#at(end)
    this.#finish(this.#sides[at])
    this.#end(at)
  }

  /** After so many more messages from this end the connection breaks: they arrive, and nothing after them. */
  breakAfter(from: NetworkEnd, messages: number): void {
    this.#sides[this.#at(from)].leaves = messages
  }

  /** What this end sends is lost, and nobody is told; after so long the connection ends. */
  halfOpen(from: NetworkEnd, ms: number): void {
    const side = this.#sides[this.#at(from)]
    side.held = []
    side.flow.lose()
    this.#options.clock.after(ms, () => {
      for (const at of [0, 1] as const) this.#end(at)
    })
  }

  stall(until: number): void {
    for (const { flow } of this.#sides) flow.stall(until)
  }

  /** A bit of what this end sends changes on its way. */
  spoil(from: NetworkEnd): void {
    this.#sides[this.#at(from)].flow.spoil()
  }

  heal(): void {
    for (const side of this.#sides) {
      side.flow.heal()
      letThrough(side, Number.POSITIVE_INFINITY)
    }
  }

  /** The oldest message of a channel that is held on its way from this end arrives. */
  letThrough(from: NetworkEnd): void {
    letThrough(this.#sides[this.#at(from)], 1)
  }

  /** The process at this end is gone: its host tells the other one, sooner or later. */
  leave(end: NetworkEnd): void {
    const side = this.#sides[this.#at(end)]
    this.#finish(side)
    this.#leave(side)
  }

  #side(at: At): Side {
    const { clock, random, members, mode, latencyMs, apartMs, wanted } = this.#options
    const { end, secret } = members[at]
    const flow = new Flow({
      clock,
      carries: mode === 'fast' ? 'messages' : 'bytes',
      latencyMs,
      apartMs,
      random: random.split(`from ${at}`),
      arrived: (piece, isSpoilt) => {
        const side = this.#sides[other(at)]
        if (side.state !== 'gone') side.speech.arrived(piece, isSpoilt)
      },
      ended: () => this.#end(other(at)),
    })
    const listener = this.#listener(at)
    const speech =
      mode === 'fast'
        ? plainSpeech(flow, listener, this.#peerOf(at))
        : bolt8Speech(flow, listener, {
            clock,
            random: random.split(`keys ${at}`),
            secret: defined(secret, 'whoever shakes hands has a secret'),
            dialled: at === 0 ? wanted : undefined,
          })
    return { end, flow, speech, state: 'opening', leaves: Number.POSITIVE_INFINITY, held: [] }
  }

  #listener(at: At): SpeechListener {
    return {
      opened: peer => {
        const side = this.#sides[at]
        side.state = 'open'
        side.end.connected(this.number, peer, at === 0)
      },
      failed: reason => this.#fail(at, reason),
      message: bytes => {
        const { state, end } = this.#sides[at]
        if (state === 'open') end.received(this.number, this.#peerOf(at), bytes)
      },
      // Whoever gives up a connection loses what it had still to say, all or some of it.
      broke: () => {
        cut(this.#sides[at])
        this.#end(at)
      },
    }
  }

  #say(side: Side, isAwaited: boolean, act: () => void): void {
    if (!this.#options.holds()) {
      act()
      return
    }
    side.held.push({ isAwaited, act })
    letThrough(side, 0)
  }

  #finish(side: Side): void {
    this.#say(side, true, () => side.flow.end())
  }

  #fail(at: At, reason: string): void {
    const side = this.#sides[at]
    if (side.state !== 'opening') return
    cut(side)
    this.#leave(side)
    if (at === 0 && this.#options.isAskedFor) side.end.dialFailed(this.#options.wanted, reason)
  }

  /** This end hears that nothing more comes. */
  #end(at: At): void {
    const side = this.#sides[at]
    if (side.state === 'opening') side.speech.ended()
    if (side.state !== 'open') return
    this.#leave(side)
    side.end.ended(this.number, this.#peerOf(at))
  }

  #leave(side: Side): void {
    side.state = 'gone'
    if (this.#sides.every(({ state }) => state === 'gone')) this.#options.onGone()
  }

  #peerOf(at: At): NodeId {
    return at === 0 ? this.#options.wanted : this.#options.members[0].end.id
  }

  #at(end: NetworkEnd): At {
    return this.#sides[0].end === end ? 0 : 1
  }
}

/** So many of those that are awaited, and whatever comes before the next of them. */
function letThrough(side: Side, awaited: number): void {
  let left = awaited
  for (let [next] = side.held; next !== undefined && (left > 0 || !next.isAwaited); [next] = side.held) {
    side.held.shift()
    if (next.isAwaited) left -= 1
    next.act()
  }
}

function cut(side: Side): void {
  side.held = []
  side.flow.cut()
}

/** Of the dance of commitments, or `channel_reestablish`: BOLT 2 has given them these numbers. */
function isOfChannel([high = 0, low = 0]: Uint8Array): boolean {
  const type = (high << 8) | low
  return type >= 128 && type <= 136
}

function other(at: At): At {
  return at === 0 ? 1 : 0
}
