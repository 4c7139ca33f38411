import { expect } from 'vitest'
import {
  type ChannelId,
  defined,
  fromHex,
  type Msat,
  msat,
  type NodeId,
  nodeId,
  type PaymentHash,
  pmapEntries,
  toHex,
} from '../../src/base/index.ts'
import type { ChannelFailure, Htlc, HtlcResolution } from '../../src/channel/index.ts'
import { publicKeyFromSecret, sha256 } from '../../src/crypto/index.ts'
import { EMPTY_GRAPH } from '../../src/gossip/index.ts'
import {
  type Candidate,
  DEFAULT_PAYMENT_LIMITS,
  type ForwardEvent,
  type HoldEvent,
  loadPayments,
  NEW_PAYMENTS,
  type Outgoing,
  type Payment,
  type PaymentContext,
  type PaymentEffect,
  type PaymentEvent,
  type PaymentFailure,
  type PaymentInput,
  type PaymentReply,
  type PaymentsState,
  paymentStep,
} from '../../src/payment/index.ts'
import { REGTEST_GENESIS_HASH } from '../../src/regtest/index.ts'
import { shortChannelId } from '../../src/wire/index.ts'

export const START = 1_700_000_000_000
export const HEIGHT = 800_000

export const secretOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
export const idOf = (secret: Uint8Array): NodeId => nodeId(publicKeyFromSecret(secret))

/** Bytes that nobody had before, from a counter. */
let count = 0
export function fresh(): Uint8Array {
  count += 1
  return sha256(Uint8Array.of(count >> 16, (count >> 8) & 0xff, count & 0xff))
}

type EffectOf<T extends PaymentEffect['type']> = Extract<PaymentEffect, { type: T }>
export type AddHtlc = EffectOf<'add_htlc'>
export type LookUp = EffectOf<'look_up'>

/** What a state holds beyond the process, without regard to the shape of its maps. */
function durable(state: PaymentsState) {
  const sorted = (map: Parameters<typeof pmapEntries<unknown>>[0]) =>
    [...pmapEntries(map)].sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    nextNumber: state.nextNumber,
    invoices: sorted(state.invoices),
    inFlight: sorted(state.inFlight),
    tokens: sorted(state.tokens),
    byHtlc: sorted(state.byHtlc),
    byHash: sorted(state.byHash),
    byIdempotencyKey: sorted(state.byIdempotencyKey),
    waiting: sorted(state.waiting),
    parts: sorted(state.parts),
    sets: sorted(state.sets),
    forwards: sorted(state.forwards),
    policies: sorted(state.policies),
    onions: sorted(state.onions),
    claimed: sorted(state.claimed),
    byOutbound: sorted(state.byOutbound),
    usage: sorted(state.usage),
  }
}

const LOADED = [
  'payments/next',
  'invoice/',
  'in-flight/',
  'token/',
  'part/',
  'forward/',
  'policy/',
  'onion/',
  'claimed/',
]

/** One node's payments over its store. After each step, what a start would load is compared with what is there. */
export class Node {
  state: PaymentsState = NEW_PAYMENTS
  store = new Map<string, Uint8Array>()
  candidates: readonly Candidate[] = []
  context: PaymentContext
  readonly replies: EffectOf<'reply'>[] = []
  readonly events: PaymentEvent[] = []
  /** What was told besides of payments. */
  readonly holds: (HoldEvent | ForwardEvent)[] = []
  /** Channels that an onion may name, by their ids there. */
  ways = new Map<string, readonly Outgoing[]>()
  readonly closing = new Set<number>()
  readonly wakes: number[] = []

  constructor(secret: Uint8Array, context: Partial<PaymentContext> = {}) {
    this.context = {
      now: START,
      height: HEIGHT,
      nodeId: idOf(secret),
      nodeSecret: secret,
      network: 'regtest',
      limits: DEFAULT_PAYMENT_LIMITS,
      chainHash: REGTEST_GENESIS_HASH,
      outgoing: hop => this.ways.get(hop.type === 'channel' ? hop.shortChannelId : hop.nodeId) ?? [],
      hasChannel: id => [...this.ways.values()].flat().some(({ channelId }) => channelId === id),
      isClosing: link => this.closing.has(link),
      candidates: peer => this.candidates.filter(({ nodeId }) => nodeId === peer),
      firstHops: () => this.candidates,
      graph: EMPTY_GRAPH,
      ...context,
    }
  }

  get id(): NodeId {
    return this.context.nodeId
  }

  /** The step, stored. What it told is kept in `replies`, `events` and `wakes`. */
  step(input: PaymentInput): readonly PaymentEffect[] {
    const { next, writes, effects } = paymentStep(this.state, input, this.context)
    this.state = next
    for (const write of writes) {
      if (write.type === 'put') this.store.set(write.key, write.value)
      else this.store.delete(write.key)
    }
    if (next.session.attempts.size === 0 && next.session.offers.size === 0)
      expect(durable(this.loaded())).toEqual(durable(next))
    for (const effect of effects) {
      if (effect.type === 'reply') this.replies.push(effect)
      if (effect.type === 'event') {
        if ('payment' in effect.event) this.events.push(effect.event)
        else this.holds.push(effect.event)
      }
      if (effect.type === 'wake') this.wakes.push(effect.at)
    }
    return effects
  }

  loaded(): PaymentsState {
    const records = [...this.store].filter(([key]) => LOADED.some(prefix => key.startsWith(prefix)))
    const loaded = loadPayments(new Map(records))
    if (!loaded.ok) throw new Error(loaded.error.message)
    return loaded.value
  }

  /** The process ends, and another one starts from the records. */
  restart(): void {
    this.state = this.loaded()
  }

  /** Answers look-ups until there are none: what is left is the HTLC that is wanted, or nothing. */
  ask(input: PaymentInput): readonly PaymentEffect[] {
    let effects = this.step(input)
    for (;;) {
      const lookUp = effects.find(effect => effect.type === 'look_up')
      if (lookUp === undefined) return effects
      effects = this.step(this.lookedUp(lookUp))
    }
  }

  lookedUp({ request, keys }: LookUp): PaymentInput {
    const records = new Map(
      keys.flatMap(key => {
        const value = this.store.get(key)
        return value === undefined ? [] : [[key, value] as const]
      }),
    )
    return { type: 'looked_up', request, records }
  }

  /** Asks, and lets the first channel take the HTLC under this id. */
  start(input: PaymentInput, id: number): AddHtlc {
    const wanted = theAdd(this.ask(input))
    this.step({ type: 'added', payment: wanted.payment, link: wanted.link, id })
    return wanted
  }

  /** The only answer to this request. */
  replyTo(request: number): PaymentReply {
    const replies = this.replies.filter(reply => reply.request === request)
    expect(replies).toHaveLength(1)
    return defined(replies[0], 'there is one').reply
  }

  refusalOf(request: number): PaymentFailure {
    const reply = this.replyTo(request)
    if (reply.type !== 'refused') throw new Error(`expected a refusal, got ${reply.type}`)
    return reply.failure
  }

  paymentOf(request: number): Payment {
    const reply = this.replyTo(request)
    if (reply.type !== 'payment') throw new Error(`expected a payment, got ${JSON.stringify(reply)}`)
    return reply.payment
  }

  at(change: Partial<PaymentContext>): this {
    this.context = { ...this.context, ...change }
    return this
  }

  invoice(change: Partial<Extract<PaymentInput, { type: 'create_invoice' }>> = {}): CreatedInvoice {
    const fields = { request: nextRequest(), preimage: fresh(), paymentSecret: fresh(), ...change }
    const { request, preimage, paymentSecret } = fields
    this.step({
      type: 'create_invoice',
      description: 'a coffee',
      expirySeconds: 3600,
      amountMsat: msat(10_000),
      ...fields,
    })
    const reply = this.replyTo(request)
    if (reply.type !== 'invoice') throw new Error(`expected an invoice, got ${JSON.stringify(reply)}`)
    return { ...reply, preimage, paymentSecret }
  }
}

export interface CreatedInvoice {
  readonly invoice: string
  readonly paymentHash: PaymentHash
  readonly expiresAt: number
  readonly preimage: Uint8Array
  readonly paymentSecret: Uint8Array
}

let requests = 0
export function nextRequest(): number {
  requests += 1
  return requests
}

export function theAdd(effects: readonly PaymentEffect[]): AddHtlc {
  const adds = effects.filter(effect => effect.type === 'add_htlc')
  expect(adds).toHaveLength(1)
  return defined(adds[0], 'there is one')
}

export function theResolution(effects: readonly PaymentEffect[]): HtlcResolution {
  const resolutions = effects.filter(effect => effect.type === 'resolve_htlc')
  expect(resolutions).toHaveLength(1)
  return defined(resolutions[0], 'there is one').resolution
}

export function channel(link: number, peer: NodeId, spendableMsat: Msat = msat(1_000_000)): Candidate {
  return {
    link,
    channelId: toHex(secretOf(link)) as ChannelId,
    nodeId: peer,
    shortChannelId: shortChannelId({ blockHeight: 700_000, txIndex: link, outputIndex: 0 }),
    spendableMsat,
    htlcMinimumMsat: msat(1),
  }
}

/** With word of how long it was held; what that says, bolt04-attribution.test.ts looks at. */
export function takenWith(paymentPreimage: Uint8Array) {
  return { type: 'fulfill', paymentPreimage, attributionData: expect.any(Uint8Array) }
}

/** The HTLC as it stands at the recipient. */
export function arrived(add: Omit<AddHtlc, 'type' | 'payment' | 'link'>, id: number): Htlc {
  const { amountMsat, paymentHash, cltvExpiry, onionRoutingPacket } = add
  return { offeredBy: 'remote', id, amountMsat, paymentHash, cltvExpiry, onionRoutingPacket, added: 'irrevocable' }
}

export const common = { timeoutMs: 60_000, sessionKey: fromHex('41'.repeat(32)) }

export const NOT_NOW: ChannelFailure = {
  severity: 'reject',
  code: 'too_many_htlcs',
  expected: 'at most 30 HTLCs offered at once',
  got: '31',
  section: 'BOLT 2, update_add_htlc, sender',
}

/** Alice has a channel with Bob, under link 1 on both sides. */
export function pair(): { alice: Node; bob: Node } {
  const alice = new Node(secretOf(0xa1))
  const bob = new Node(secretOf(0xb0))
  alice.candidates = [channel(1, bob.id)]
  bob.candidates = [channel(1, alice.id)]
  return { alice, bob }
}

export function payInput(invoice: string, change: Partial<Extract<PaymentInput, { type: 'pay_invoice' }>> = {}) {
  return { type: 'pay_invoice', request: nextRequest(), invoice, ...common, ...change } as const
}

export function keysendInput(peer: NodeId, change: Partial<Extract<PaymentInput, { type: 'keysend' }>> = {}) {
  const given = { request: nextRequest(), peer, preimage: fresh(), amountMsat: msat(5_000) }
  return { type: 'keysend', ...given, ...common, ...change } as const
}
