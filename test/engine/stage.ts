import { expect } from 'vitest'
import {
  type ChannelId,
  type FeeratePerKw,
  type Msat,
  msat,
  type NodeId,
  type Sat,
  sat,
  toHex,
  utf8Encode,
} from '../../src/base/index.ts'
import { channelIdOf } from '../../src/channel/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import type { EngineInput, EngineReply, Idempotency } from '../../src/engine/index.ts'
import { createRegtestChain, type RegtestChain } from '../../src/regtest/index.ts'
import { encodeMessage, type Message } from '../../src/wire/index.ts'
import { type Limits, Side, type SideOptions } from './side.ts'

/** A connection between two sides: what is on its way in each direction. `end` is the last thing that comes. */
interface Wire {
  readonly number: number
  readonly ends: readonly [dialled: Side, other: Side]
  readonly on: Map<Side, (Uint8Array | 'end')[]>
  /** Sides that hear of it no more. */
  readonly left: Set<Side>
}

export interface OpenOptions {
  readonly capacity?: bigint
  readonly push?: bigint
  readonly zeroConf?: boolean
  readonly scidAlias?: boolean
  readonly announce?: boolean
  readonly token?: string
  readonly feeratePerKw?: FeeratePerKw
  readonly idempotency?: Idempotency
}

/**
 * A stage for any number of nodes without a driver: every turn is a plain call, messages are bytes in queues that a test delivers when it
 * likes, the chain is the embedded one. So a test can stop the world anywhere.
 */
export class Stage {
  readonly chain: RegtestChain = createRegtestChain()
  readonly sides = new Map<string, Side>()
  readonly wires = new Map<number, Wire>()
  /** Milliseconds since 1970: stands still until a test moves it. */
  now = 1_800_000_000_000
  /** Hears each message when it is sent. */
  onSent: (from: Side, bytes: Uint8Array) => void = () => undefined
  #fresh = 0

  side(name: string, limits: Limits = {}, more: Pick<SideOptions, 'storage' | 'towers'> = {}): Side {
    const side = new Side({ name, chain: this.chain, now: () => this.now, limits, ...more })
    this.sides.set(name, side)
    side.onSend = (connection, bytes) => {
      this.onSent(side, bytes)
      this.#put(connection, side, bytes)
    }
    side.onClose = connection => {
      this.#put(connection, side, 'end')
      this.#leave(connection, side)
      side.inbox.push({ type: 'ended', connection, nodeId: this.#other(connection, side).id })
    }
    side.onDial = (to, host) => {
      const found = [...this.sides.values()].find(other => other.id === to && other.name === host && other.alive)
      if (found === undefined) side.inbox.push({ type: 'dial_failed', nodeId: to, reason: 'nobody answers' })
      else this.#join(side, found, { host: found.name, port: 9735 })
    }
    side.start()
    return side
  }

  /** Sides with coins, connected in a row. */
  sidesOf<const N extends readonly string[]>(
    names: N,
    {
      coins = [2_000_000n],
      limits = {},
      ...more
    }: { coins?: readonly bigint[]; limits?: Limits } & Pick<SideOptions, 'storage' | 'towers'> = {},
  ): { readonly [K in keyof N]: Side } {
    const sides = names.map(name => this.side(name, limits, more))
    for (const side of sides) for (const coin of coins) side.fund(coin)
    this.catchUp()
    for (const [index, side] of sides.entries()) {
      const next = sides[index + 1]
      if (next !== undefined) this.connect(side, next)
    }
    // One for each name.
    return sides as unknown as { readonly [K in keyof N]: Side }
  }

  /** `from` dials because its user asked, and both are up. */
  connect(from: Side, to: Side): number {
    const request = this.dial(from, to)
    this.settle()
    expect(from.replyTo(request)).toEqual({ type: 'done' })
    return request
  }

  dial(
    from: Side,
    to: { readonly id: NodeId; readonly name: string },
    addresses = [{ host: to.name, port: 9735 }],
  ): number {
    return from.ask(request => ({ type: 'connect_peer', request, nodeId: to.id, addresses }))
  }

  /** A second connection that somebody made, whoever wanted it. */
  join(dialled: Side, other: Side): number {
    return this.#join(dialled, other, undefined)
  }

  /** Asks for a channel; it is on its way. */
  askToOpen(from: Side, to: Side, options: OpenOptions = {}): number {
    const { capacity = 200_000n, push = 0n, announce, token, feeratePerKw, idempotency } = options
    const { zeroConf, scidAlias } = options
    const temporaryChannelId = this.freshId()
    return from.ask(request => ({
      type: 'open_channel',
      request,
      nodeId: to.id,
      capacitySat: sat(capacity),
      pushMsat: msat(push * 1000n),
      ...(zeroConf !== undefined && { zeroConf }),
      ...(scidAlias !== undefined && { scidAlias }),
      temporaryChannelId,
      ...(announce !== undefined && { announce }),
      ...(token !== undefined && { token }),
      ...(feeratePerKw !== undefined && { feeratePerKw }),
      ...(idempotency !== undefined && { idempotency }),
    }))
  }

  /** A channel whose funding waits. */
  open(from: Side, to: Side, options: OpenOptions = {}): ChannelId {
    const request = this.askToOpen(from, to, options)
    this.settle()
    const reply = from.replyTo(request)
    if (reply?.type !== 'opened') throw new Error(`expected a channel, got ${JSON.stringify(reply)}`)
    return reply.channelId
  }

  /** A channel that can be used. */
  ready(from: Side, to: Side, options: OpenOptions = {}): ChannelId {
    const id = this.open(from, to, options)
    this.mine(3)
    for (const side of [from, to]) expect(side.link(id).state.channel?.state).toBe('normal')
    return id
  }

  close(side: Side, channelId: ChannelId, force = false): number {
    const request = side.ask(number => ({ type: 'close_channel', request: number, channelId, force }))
    this.settle()
    return request
  }

  keysend(
    from: Side,
    to: Side,
    amount: bigint,
    more: { idempotencyKey?: string; token?: string; timeoutMs?: number } = {},
  ): number {
    const [preimage, sessionKey] = [this.freshBytes(), this.freshBytes()]
    return from.ask(request => ({
      type: 'payment',
      input: {
        type: 'keysend',
        request,
        peer: to.id,
        preimage,
        sessionKey,
        amountMsat: msat(amount * 1000n),
        timeoutMs: 60_000,
        ...more,
      },
    }))
  }

  invoice(side: Side, amount?: bigint): string {
    const [preimage, paymentSecret] = [this.freshBytes(), this.freshBytes()]
    const request = side.ask(number => ({
      type: 'payment',
      input: {
        type: 'create_invoice',
        request: number,
        description: 'a coffee',
        expirySeconds: 3600,
        preimage,
        paymentSecret,
        ...(amount !== undefined && { amountMsat: msat(amount * 1000n) }),
      },
    }))
    const reply = side.replyTo(request)
    if (reply?.type !== 'invoice') throw new Error(`expected an invoice, got ${JSON.stringify(reply)}`)
    return reply.invoice
  }

  pay(
    from: Side,
    invoice: string,
    more: { idempotencyKey?: string; token?: string; timeoutMs?: number; wantsProgress?: boolean } = {},
  ): number {
    const sessionKey = this.freshBytes()
    return from.ask(request => ({
      type: 'payment',
      input: { type: 'pay_invoice', request, invoice, sessionKey, timeoutMs: 60_000, ...more },
    }))
  }

  token(side: Side, id: string, budgetSat: bigint): void {
    const request = side.ask(number => ({
      type: 'payment',
      input: {
        type: 'create_token',
        request: number,
        id,
        name: id,
        scopes: ['spend'],
        secretHash: toHex(sha256(utf8Encode(id))),
        budgetMsat: msat(budgetSat * 1000n),
      },
    }))
    expect(side.replyTo(request)?.type).toBe('token')
  }

  /** One message, or the end, of one connection in one direction. False where nothing is on its way. */
  deliver(number: number, to: Side): boolean {
    const wire = this.wires.get(number)
    // What a side's own world has told before comes first: that the connection is there, or what its chain says of a transaction.
    for (const end of wire?.ends ?? []) while (end.alive && this.answer(end));
    const next = wire?.on.get(to)?.shift()
    if (wire === undefined || next === undefined) return false
    if (!to.alive || wire.left.has(to)) return true
    const connection = number
    const nodeId = this.#other(number, to).id
    if (next !== 'end') {
      to.turn({ type: 'received', connection, nodeId, bytes: next })
      return true
    }
    this.#leave(connection, to)
    to.turn({ type: 'ended', connection, nodeId })
    return true
  }

  /** One input that waits for a side. */
  answer(side: Side): boolean {
    const input = side.inbox.shift()
    if (input === undefined) return false
    side.turn(input)
    return true
  }

  /** Everything that is on its way arrives, until all is quiet. */
  settle(): void {
    for (let i = 0; i < 100_000; i++) {
      let moved = false
      for (const side of this.sides.values()) if (side.alive && this.answer(side)) moved = true
      for (const { number, ends } of this.wires.values()) {
        for (const to of ends) if (this.deliver(number, to)) moved = true
      }
      if (!moved) return
    }
    throw new Error('the stage never comes to rest')
  }

  mine(count = 1): void {
    for (let i = 0; i < count; i++) {
      this.chain.mine(1)
      this.catchUp()
    }
  }

  reorg(depth: number): void {
    expect(this.chain.reorganize({ depth }).ok).toBe(true)
    this.catchUp()
  }

  catchUp(): void {
    for (const side of this.sides.values()) if (side.alive) side.catchUp()
    this.settle()
  }

  /** Time passes, and whoever waited for it hears so. */
  wait(ms: number): void {
    this.now += ms
    for (const side of this.sides.values()) if (side.alive) side.turn({ type: 'tick' })
    this.settle()
  }

  /** The connections of two sides break; what is on its way is lost. */
  cut(a: Side, b: Side): void {
    for (const { number, ends, on, left } of this.wires.values()) {
      if (!ends.includes(a) || !ends.includes(b)) continue
      for (const end of ends) {
        on.set(end, [])
        if (left.has(end) || !end.alive) continue
        left.add(end)
        end.turn({ type: 'ended', connection: number, nodeId: this.#other(number, end).id })
      }
    }
  }

  crash(side: Side): void {
    side.crash()
    for (const { number, ends, on, left } of this.wires.values()) {
      if (!ends.includes(side) || left.has(side)) continue
      left.add(side)
      on.set(side, [])
      this.#put(number, side, 'end')
    }
  }

  restart(side: Side): void {
    this.crash(side)
    side.start()
  }

  /** `side` hears a message that the peer at the other end of their connection never made. */
  forge(from: Side, to: Side, message: Message | Uint8Array): void {
    const wire = this.wireOf(from, to)
    const bytes = message instanceof Uint8Array ? message : encodeMessage(message)
    to.turn({ type: 'received', connection: wire, nodeId: from.id, bytes })
  }

  /** The number of the newest open connection of the two. */
  wireOf(a: Side, b: Side): number {
    const open = [...this.wires.values()].filter(
      ({ ends, left }) => ends.includes(a) && ends.includes(b) && left.size === 0,
    )
    const last = open.at(-1)
    if (last === undefined) throw new Error(`${a.name} and ${b.name} are not connected`)
    return last.number
  }

  freshBytes(): Uint8Array {
    this.#fresh += 1
    return sha256(utf8Encode(`fresh ${this.#fresh}`))
  }

  freshId(): ChannelId {
    // 32 bytes in hex are an id.
    return toHex(this.freshBytes()) as ChannelId
  }

  #join(dialled: Side, other: Side, address: { host: string; port: number } | undefined): number {
    const number = this.wires.size + 1
    const ends = [dialled, other] as const
    this.wires.set(number, { number, ends, on: new Map(ends.map(end => [end, []])), left: new Set() })
    dialled.inbox.push({
      type: 'connected',
      connection: number,
      nodeId: other.id,
      outgoing: true,
      ...(address !== undefined && { address }),
    })
    other.inbox.push({ type: 'connected', connection: number, nodeId: dialled.id, outgoing: false })
    return number
  }

  #put(number: number, from: Side, what: Uint8Array | 'end'): void {
    const wire = this.wires.get(number)
    if (wire === undefined) throw new Error(`there is no connection ${number}`)
    const to = this.#other(number, from)
    if (!wire.left.has(to)) wire.on.get(to)?.push(what)
  }

  #leave(number: number, side: Side): void {
    const wire = this.wires.get(number)
    wire?.left.add(side)
    wire?.on.set(side, [])
  }

  #other(number: number, side: Side): Side {
    const wire = this.wires.get(number)
    if (wire === undefined) throw new Error(`there is no connection ${number}`)
    return wire.ends[0] === side ? wire.ends[1] : wire.ends[0]
  }
}

/** What both sides hold of their channels together, with what is in flight counted for its payer. */
export function localMsat(side: Side, channelId: ChannelId): bigint {
  const { channel } = side.link(channelId).state
  if (channel === undefined || !('durable' in channel)) throw new Error('a funded channel')
  return channel.durable.settled.localMsat
}

export function failureOf(reply: EngineReply | undefined): string | undefined {
  if (reply?.type === 'failed') return reply.failure.code
  return reply?.type === 'refused' ? reply.failure.code : undefined
}

export type { ChannelId, EngineInput, Msat, Sat }
export { channelIdOf }
