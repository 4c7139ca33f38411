// The specification beside the engine: it goes with two honest nodes through each turn, crash and start, and every step of the real
// channel must be one that the specification allows, and end where it ends.
//
// Of the messages of a turn some are owed (a revocation for a commitment, what is said again after a reestablish) and some are chosen (an
// offer, a decision, a signature). The oracle takes what came in, then what went out, and then compares what the two know.
import { type ChannelId, emptyPMap, type PMap, pmapChanges, pmapGet } from '../base/index.ts'
import type { Channel, FundedChannel } from '../channel/index.ts'
import type { EngineEffect, EngineInput, EngineState, Link } from '../engine/index.ts'
import { followTurn, type Said } from './oracleTurn.ts'
import { differenceOf, sideOf } from './oracleView.ts'
import { hear, isOf } from './oracleWire.ts'
import { drop, type Message, other, type Party, type Side } from './spec.ts'
import { keyOf } from './specKey.ts'
import { forgetEnded, type Pair, type State } from './specPair.ts'

/** A turn as it is stored, with what was done in it. */
export interface OracleTurn {
  readonly inputs: readonly EngineInput[]
  readonly after: EngineState
  readonly effects: readonly EngineEffect[]
}

export interface OracleOptions {
  /** Hears of each state of a channel that was come to, and from which one. */
  readonly onState?: (key: string, before: string | undefined) => void
}

/** One channel, as the specification has it at both ends. */
interface Followed {
  readonly id: ChannelId
  readonly ends: [End | undefined, End | undefined]
  /** What is on its way to each end, by connection. */
  readonly wires: Map<number, Pair<Message[]>>
  /** The connection on which both have greeted last, or one of them before the other. */
  oldest: number
  /** On chain, or with somebody whom nobody follows. */
  isOver: boolean
  key: string | undefined
}

interface End {
  readonly node: string
  readonly party: Party
  readonly index: number
  side: Side
  /** The last one on which it has greeted. */
  connection: number | undefined
  /** Where it was when its process ended: what the last turn, if it was stored after all, began with. */
  atCrash: Side | undefined
  /** What it was compared with last. */
  seen: FundedChannel
}

interface Node {
  links: PMap<Link> | undefined
  readonly ends: Map<number, Followed>
  /** Stepped, and maybe in the store. */
  pending: OracleTurn | undefined
}

const SILENCE: Said = { received: [], sent: [] }

/**
 * Complaints are sentences; without one all is as it should be. Nodes that lie are never told of.
 * Cost: some microseconds for each channel that a turn is about, more with many HTLCs.
 */
export class Oracle {
  readonly #nodes = new Map<string, Node>()
  readonly #channels = new Map<ChannelId, Followed>()
  readonly #onState: OracleOptions['onState']
  /** Turns of channels that were followed. */
  steps = 0

  constructor({ onState }: OracleOptions = {}) {
    this.#onState = onState
  }

  /** Stepped, not stored yet: after a crash the store may have it. */
  stepped(name: string, turn: OracleTurn): void {
    this.#node(name).pending = turn
  }

  /** Stored, and its effects follow at once. */
  turned(name: string, turn: OracleTurn): string | undefined {
    const node = this.#node(name)
    node.pending = undefined
    const about = saidIn(turn)
    this.#meet(name, node, turn.after, about)
    for (const [index, channel] of node.ends) {
      const real = fundedOf(pmapGet(turn.after.links, String(index)))
      const end = endOf(channel, name)
      const said = about?.get(channel.id)
      if (channel.isOver || (said === undefined && real === end.seen)) continue
      const wrong = this.#follow(channel, end, said ?? SILENCE, real)
      if (wrong !== undefined) return `${name}, channel ${channel.id.slice(0, 8)}: ${wrong}`
    }
    return undefined
  }

  /** The process is gone, and so are its connections. */
  crashed(name: string): void {
    for (const channel of this.#node(name).ends.values()) {
      const end = endOf(channel, name)
      end.atCrash = end.side
      if (!channel.isOver && end.side.line !== 'down') this.#stand(channel, end, drop(end.side, end.party))
    }
  }

  /** The state that the records of a process that starts tell, before its first turn. */
  started(name: string, state: EngineState): string | undefined {
    const node = this.#node(name)
    const { pending } = node
    node.pending = undefined
    const about = pending && saidIn(pending)
    for (const [index, channel] of node.ends) {
      if (channel.isOver) continue
      const end = endOf(channel, name)
      const real = fundedOf(pmapGet(state.links, String(index)))
      if (real === undefined || isOnChain(real)) {
        channel.isOver = true
        continue
      }
      const loaded = drop(sideOf(real, end.party), end.party)
      end.seen = real
      const known = drop(end.side, end.party)
      const wrong = differenceOf(known, loaded)
      if (wrong === undefined) continue
      // The last turn was stored, and nothing of it came to be known. What a stranger had said in it nobody followed.
      const realAfter = pending && fundedOf(pmapGet(pending.after.links, String(index)))
      const said = about?.get(channel.id) ?? SILENCE
      if (channel.ends[other(end.party)] === undefined && said.received.length > 0) {
        channel.isOver = true
        continue
      }
      const incoming = said.received.flatMap(({ connection }, index) => {
        const before = said.received.slice(0, index).filter(heard => heard.connection === connection).length
        return channel.wires.get(connection)?.[end.party][before] ?? []
      })
      const start = { ...end, side: end.atCrash ?? end.side }
      const isWhole = incoming.length === said.received.length
      const followed = realAfter && isWhole ? followTurn(start, said, incoming, realAfter) : undefined
      const kept = typeof followed === 'object' ? drop(followed.side, end.party) : undefined
      if (kept === undefined || differenceOf(kept, loaded) !== undefined)
        return `${name}, channel ${channel.id.slice(0, 8)}: the store has forgotten what was durable: ${wrong}`
      this.#stand(channel, end, kept)
    }
    return undefined
  }

  /** What a node has may be an old copy: nothing is to be expected of it any more. */
  forget(name: string): void {
    for (const channel of this.#node(name).ends.values()) channel.isOver = true
  }

  /** Where a channel stands, for whoever wants to lead it somewhere. Nothing while it is followed at one end alone, or not any more. */
  stateOf(id: ChannelId): State | undefined {
    const channel = this.#channels.get(id)
    const [a, b] = channel?.ends ?? []
    return channel === undefined || channel.isOver || a === undefined || b === undefined
      ? undefined
      : withRegularSignatures(stateOf(channel, a, b))
  }

  /** Who is A there, and who is B. */
  namesOf(id: ChannelId): readonly (string | undefined)[] {
    return this.#channels.get(id)?.ends.map(end => end?.node) ?? []
  }

  #node(name: string): Node {
    const found = this.#nodes.get(name)
    if (found !== undefined) return found
    const node: Node = { links: undefined, ends: new Map(), pending: undefined }
    this.#nodes.set(name, node)
    return node
  }

  /**
   * Channels that are new to a node are followed from where they are. Where a payment has waited for the channel and goes out in the turn in
   * which it is born, it is past its beginning, and nobody follows it.
   */
  #meet(name: string, node: Node, { links }: EngineState, about: ReturnType<typeof saidIn>): void {
    if (links === node.links) return
    const changes = pmapChanges(node.links ?? emptyPMap<Link>(), links)
    node.links = links
    for (const [, link] of changes) {
      if (node.ends.has(link.index)) continue
      const real = fundedOf(link)
      if (real === undefined || isOnChain(real)) continue
      const id = real.durable.params.channelId
      const channel = this.#channels.get(id) ?? {
        id,
        ends: [undefined, undefined],
        wires: new Map(),
        oldest: 0,
        isOver: false,
        key: undefined,
      }
      this.#channels.set(id, channel)
      if (about?.has(id)) channel.isOver = true
      const party: Party = channel.ends[0] === undefined ? 0 : 1
      const connection = undefined
      channel.ends[party] = {
        node: name,
        party,
        index: link.index,
        side: sideOf(real, party),
        connection,
        atCrash: undefined,
        seen: real,
      }
      node.ends.set(link.index, channel)
    }
  }

  #follow(channel: Followed, end: End, said: Said, real: FundedChannel | undefined): string | undefined {
    this.steps += 1
    const them = channel.ends[other(end.party)]
    const isStranger = them === undefined && said.received.length > 0
    if (real === undefined || isOnChain(real) || isStranger) {
      channel.isOver = true
      return undefined
    }
    const incoming: Message[] = []
    for (const heard of said.received) {
      const next = channel.wires.get(heard.connection)?.[end.party].shift()
      if (next === undefined) return `it got ${heard.type}, which was not on its way`
      if (!isOf(heard, next)) return `it got ${heard.type}, where ${next.type} was next on its way`
      incoming.push(next)
    }
    const followed = followTurn(end, said, incoming, real)
    if (typeof followed === 'string') return followed
    for (const { connection, message } of followed.said) wireOf(channel, connection)[other(end.party)].push(message)
    if (followed.connection !== undefined) this.#greeted(channel, end, followed.connection)
    else this.#spoke(channel, followed.said[0]?.connection ?? said.received[0]?.connection)
    end.seen = real
    return this.#stand(channel, end, followed.side)
  }

  /** What came over the connection before may still wait for its turn when both have greeted: it is heard, and counts for nothing. */
  #greeted(channel: Followed, end: End, connection: number): void {
    end.connection = connection
    for (const number of channel.wires.keys()) if (number < channel.oldest) channel.wires.delete(number)
    channel.oldest = Math.min(connection, channel.ends[other(end.party)]?.connection ?? 0)
  }

  /** The connection on which the channel was opened is known by the first message of the dance. */
  #spoke({ ends }: Followed, connection: number | undefined): void {
    for (const end of ends) if (end?.side.line === 'up') end.connection ??= connection
  }

  /** One end knows something new: what has ended for both is forgotten, and the state that both are in is told. */
  #stand(channel: Followed, end: End, side: Side): string | undefined {
    end.side = side
    const [a, b] = channel.ends
    if (a === undefined || b === undefined) return undefined
    const state = forgetEnded(stateOf(channel, a, b))
    ;[a.side, b.side] = state.sides
    if (state.broken !== undefined) return 'an HTLC has ended in one way here and in another one there'
    if (this.#onState === undefined) return undefined
    // Both meet in one move of the specification, and in a turn of each here.
    if (isAlone(state)) return undefined
    const isHalfOpen = a.side.line !== 'down' && b.side.line !== 'down' && a.connection !== b.connection
    const key = isHalfOpen ? undefined : keyOf(withRegularSignatures(state))
    if (key !== undefined && key !== channel.key) this.#onState(key, channel.key)
    channel.key = key
    return undefined
  }
}

function stateOf(channel: Followed, a: End, b: End): State {
  const sides: Pair<Side> = [a.side, b.side]
  return { ...NO_STATE, sides, stored: sides, wire: [waitingFor(channel, a), waitingFor(channel, b)] }
}

/** Whether one has greeted, and the other has yet to. */
const isAlone = ({ sides, wire }: State): boolean =>
  sides.some(({ line }) => line === 'down') &&
  sides.some(({ line }, party) => line === 'greeting' && wire[party]?.length === 0)

const NO_STATE: Omit<State, 'sides' | 'stored'> = {
  out: [[], []],
  wire: [[], []],
  signed: [
    { number: 0, contents: '' },
    { number: 0, contents: '' },
  ],
  count: { offers: 0, signatures: 0, cuts: 0, crashes: 0, fees: 0 },
}

/** The oracle has seen every signature leave: none of them is forgotten. */
function withRegularSignatures(state: State): State {
  const last = ({ peerNumber, awaiting }: Side) => ({ number: peerNumber + (awaiting ? 1 : 0), contents: '' })
  return { ...state, signed: [last(state.sides[0]), last(state.sides[1])] }
}

function waitingFor({ wires }: Followed, { side, connection, party }: End): readonly Message[] {
  if (side.line === 'down' || connection === undefined) return []
  return wires.get(connection)?.[party] ?? []
}

function wireOf({ wires }: Followed, connection: number): Pair<Message[]> {
  let wire = wires.get(connection)
  if (wire === undefined) {
    wire = [[], []]
    wires.set(connection, wire)
  }
  return wire
}

function endOf({ ends }: Followed, name: string): End {
  const end = ends[0]?.node === name ? ends[0] : ends[1]
  if (end === undefined) throw new Error(`${name} is no end of this channel`)
  return end
}

function fundedOf(link: Link | undefined): FundedChannel | undefined {
  const channel: Channel | undefined = link?.state.channel
  return channel !== undefined && 'durable' in channel ? channel : undefined
}

const isOnChain = ({ state }: FundedChannel): boolean => state === 'closing' || state === 'closed'

function saidIn({ inputs, effects }: OracleTurn): ReadonlyMap<ChannelId, Said> | undefined {
  let all: Map<ChannelId, Said> | undefined
  const of = (id: ChannelId): Said => {
    all ??= new Map()
    const said = all.get(id) ?? { received: [], sent: [] }
    all.set(id, said)
    return said
  }
  for (const input of inputs) {
    const heard = input.type === 'received' ? hear(input.connection, input.bytes) : undefined
    if (heard !== undefined) of(heard.channelId).received.push(heard)
  }
  for (const effect of effects) {
    const heard = effect.type === 'send' ? hear(effect.connection, effect.bytes) : undefined
    if (heard !== undefined) of(heard.channelId).sent.push(heard)
  }
  return all
}
