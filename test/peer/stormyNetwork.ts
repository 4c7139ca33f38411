import { expect } from 'vitest'
import { newPeer, type PeerEffect, type PeerInput, type PeerState, peerStep } from '../../src/peer/index.ts'
import { encodeMessage } from '../../src/wire/index.ts'
import { CONTEXT, idOf } from './one.ts'

type End = 0 | 1
const ENDS = [0, 1] as const

interface Event {
  readonly at: number
  /** Breaks ties in the order in which things were said. */
  readonly order: number
  readonly run: () => void
}

interface Connection {
  readonly number: number
  /** Nothing arrives any more, and an end may never hear of it. */
  dead: boolean
  /** An end that knows of the connection and has neither closed it nor heard of its end. */
  readonly believes: [boolean, boolean]
  /** Per end: the earliest time at which the next thing may arrive, so that order is kept. */
  readonly arrival: [number, number]
}

/**
 * Two nodes that want each other, and a network that loses connections, lets dials fail and takes its time: for as long as the storm
 * lasts. Time is virtual and chance comes from a seed, so a run can be repeated.
 */
export class StormyNetwork {
  now = 0
  dials = 0
  readonly peers: [PeerState, PeerState] = [newPeer(idOf(2)), newPeer(idOf(1))]
  readonly connections: Connection[] = []
  readonly #events: Event[] = []
  #order = 0
  #seed: number
  readonly #stormEnds: number
  /** Only the newest wake of each end is kept. */
  readonly #wakes: [number, number] = [0, 0]

  constructor(seed: number, stormEnds: number) {
    this.#seed = seed
    this.#stormEnds = stormEnds
    for (const end of ENDS) {
      this.#after(this.#chance(5_000), () =>
        this.#step(end, { type: 'wanted', wanted: true, addresses: [{ host: 'there', port: 1 }] }),
      )
    }
    this.#storm()
  }

  runUntil(time: number): void {
    for (;;) {
      const [next] = this.#events.sort((a, b) => a.at - b.at || a.order - b.order)
      if (next === undefined || next.at > time) break
      this.#events.shift()
      this.now = next.at
      next.run()
    }
    this.now = time
  }

  /** The connections that both ends believe in and that work. */
  live(): readonly Connection[] {
    return this.connections.filter(({ dead, believes }) => !dead && believes[0] && believes[1])
  }

  #random(): number {
    // A linear congruence with the constants of Numerical Recipes: chance enough for delays.
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0
    return this.#seed / 2 ** 32
  }

  #chance(below: number): number {
    return Math.floor(this.#random() * below)
  }

  #after(ms: number, run: () => void): void {
    this.#events.push({ at: this.now + ms, order: this.#order++, run })
  }

  #step(end: End, input: PeerInput): void {
    const before = this.peers[end]
    const context = { ...CONTEXT, now: this.now, localNodeId: idOf(end + 1), entropy: this.#random() }
    const { next, effects } = peerStep(before, input, context)
    this.peers[end] = next
    for (const effect of effects) this.#act(end, before, effect)
    const believed = this.connections.filter(({ believes }) => believes[end]).map(({ number }) => number)
    expect(believed).toEqual(next.line.type === 'none' ? [] : [next.line.connection])
  }

  #act(end: End, before: PeerState, effect: PeerEffect): void {
    switch (effect.type) {
      case 'dial':
        expect(before.line.type).toBe('none')
        expect(before.dial.phase.type).not.toBe('under_way')
        this.#dial(end)
        break
      case 'send':
        this.#arrive(this.#find(effect.connection), other(end), {
          type: 'received',
          connection: effect.connection,
          bytes: encodeMessage(effect.message),
        })
        break
      case 'close':
        this.#end(this.#find(effect.connection), end)
        break
      case 'wake':
        this.#wake(end, effect.at)
        break
    }
  }

  #wake(end: End, at: number): void {
    this.#wakes[end] = at
    // A little late, as timers are.
    this.#after(Math.max(0, at - this.now) + this.#chance(20), () => {
      if (this.#wakes[end] === at) this.#step(end, { type: 'tick' })
    })
  }

  #dial(end: End): void {
    this.dials++
    const isStorm = this.now < this.#stormEnds
    this.#after(1 + this.#chance(3_000), () => {
      if (isStorm && this.#chance(4) === 0) {
        this.#step(end, { type: 'dial_failed' })
        return
      }
      const number = this.connections.length + 1
      const connection: Connection = { number, dead: false, believes: [false, false], arrival: [this.now, this.now] }
      this.connections.push(connection)
      this.#arrive(connection, other(end), { type: 'connected', connection: number, outgoing: false })
      connection.believes[end] = true
      this.#step(end, { type: 'connected', connection: number, outgoing: true, address: { host: 'there', port: 1 } })
    })
  }

  /** Brings something to an end, after all that was under way to it, unless the connection dies on the way. */
  #arrive(connection: Connection, to: End, input: PeerInput): void {
    const at = Math.max(connection.arrival[to], this.now + 1 + this.#chance(400))
    connection.arrival[to] = at
    this.#after(at - this.now, () => {
      if (connection.dead && input.type !== 'ended') return
      if (input.type === 'connected') connection.believes[to] = true
      if (input.type === 'ended') connection.believes[to] = false
      this.#step(to, input)
    })
  }

  /** One end closes. The other hears of it, unless the connection died before. */
  #end(connection: Connection, end: End): void {
    connection.believes[end] = false
    const ended = { type: 'ended', connection: connection.number } as const
    if (!connection.dead) this.#arrive(connection, other(end), ended)
    this.#arrive(connection, end, ended)
  }

  /** Now and then a connection dies, and each end hears of it at once, late or never. */
  #storm(): void {
    this.#after(this.#chance(40_000), () => {
      if (this.now >= this.#stormEnds) return
      const victims = this.connections.filter(({ dead }) => !dead)
      const victim = victims[this.#chance(victims.length)]
      if (victim !== undefined) {
        victim.dead = true
        const { number } = victim
        for (const end of ENDS) {
          if (this.#chance(2) === 0 && victim.believes[end])
            this.#arrive(victim, end, { type: 'ended', connection: number })
        }
      }
      this.#storm()
    })
  }

  #find(number: number): Connection {
    const found = this.connections[number - 1]
    if (found === undefined) throw new Error(`no connection ${number}`)
    return found
  }
}

const other = (end: End): End => (end === 0 ? 1 : 0)
