import {
  emptyPMap,
  type Msat,
  type NodeId,
  type PaymentHash,
  type PMap,
  pmapDelete,
  pmapGet,
  pmapSet,
} from '../base/index.ts'
import type { ForwardedOnion } from '../onion/index.ts'
import { type HintHop, type Liquidity, NOTHING_LEARNT, type RouteHop } from '../routing/index.ts'
import type { ChannelUpdate } from '../wire/index.ts'
import { type Forward, type HtlcRef, type HtlcSet, htlcKey, type Part } from './inbound.ts'
import type {
  Candidate,
  Outgoing,
  PayBudget,
  Payment,
  PaymentEffect,
  PaymentFailure,
  PaymentWrite,
  Policy,
  Token,
} from './types.ts'

/**
 * What is not over yet. Finished payments are in the store alone, so that the state is as small as what is open, however long the
 * node has lived.
 */
export interface PaymentsState {
  /** Of the next payment. */
  readonly nextNumber: number
  /** By payment hash. */
  readonly invoices: PMap<OpenInvoice>
  /** By `numberKey`. */
  readonly inFlight: PMap<InFlight>
  /** By id. */
  readonly tokens: PMap<Token>
  /** By `htlcKey`: HTLCs that pay us, and wait. */
  readonly parts: PMap<Part>

  /** By `htlcKey` of the inbound HTLC. */
  readonly forwards: PMap<Forward>
  /** By channel id: what our user has set. */
  readonly policies: PMap<Policy>
  /** Onions that were opened, by a hash of their shared secrets: when their HTLCs expire. */
  readonly onions: PMap<number>
  /** By `htlcKey` of HTLCs that the chain has paid us for unasked: the number of the payment. Each of them has cost its peer as much. */
  readonly claimed: PMap<number>

  // Indexes over what is inbound.
  /** By payment hash: what follows from the parts. */
  readonly sets: PMap<HtlcSet>
  /** The `htlcKey` of the inbound HTLC by that of the outbound one. */
  readonly byOutbound: PMap<string>
  /** By peer: what it has sent that we pass on. */
  readonly usage: PMap<Usage>

  // Indexes over what is in flight. They give the payment's number.
  /** By `htlcKey`. */
  readonly byHtlc: PMap<number>
  readonly byHash: PMap<number>
  /** By `indexKey` of the idempotency key. */
  readonly byIdempotencyKey: PMap<number>
  /** Those without an HTLC, by `numberKey`: they are tried again once a channel is usable. */
  readonly waiting: PMap<number>

  readonly session: Session
}

export interface Usage {
  readonly count: number
  readonly amountMsat: Msat
  readonly dustMsat: Msat
}

/** What ends with the process. */
export interface Session {
  /** Payments that are asked for and have not begun, by the number of the request. */
  readonly asked: PMap<Asked>
  /** Which request has asked for this payment hash or idempotency key (`lockKeys`): no second one begins meanwhile. */
  readonly locks: PMap<number>
  /** An `add_htlc` that is not answered yet, by `numberKey`. */
  readonly attempts: PMap<Attempt>
  /** A `forward_htlc` that is not answered yet, by `htlcKey` of the inbound HTLC. */
  readonly offers: PMap<Offer>
  /** Requests that hear of the end of a payment, by `numberKey`. */
  readonly listeners: PMap<readonly number[]>
  /** Those of them that hear of each try as well. */
  readonly watching: ReadonlySet<number>
  /** What payments in flight have found out about their ways, by `numberKey`. */
  readonly trials: PMap<Trial>
  /** What all payments have taught of the channels of others. */
  readonly liquidity: Liquidity
  /** When the first of the payments that wait is given up. It may be early: then the next one is found. */
  readonly deadlineAt?: number | undefined
  /** When expired invoices are swept next. */
  readonly sweepAt?: number | undefined
  /** When the first of the sets that are not complete is given up. It may be early as well. */
  readonly setsDueAt?: number | undefined
  /** The `wake` that is out. */
  readonly wakeAt?: number | undefined
}

export interface OpenInvoice {
  readonly paymentHash: PaymentHash
  readonly invoice: string
  /** 32 bytes each, as lowercase hex. Without a preimage, our user has it, and decides. */
  readonly preimage?: string
  readonly paymentSecret: string
  readonly amountMsat?: Msat
  readonly description: string
  /** Blocks that it asks for: what an HTLC for it has to bring, whatever the limits of a later process. */
  readonly minFinalCltvExpiryDelta: number
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** All that paying takes. Bytes are lowercase hex, since it is stored. */
export interface Terms extends PayBudget {
  readonly finalCltvExpiryDelta: number
  readonly paymentSecret?: string
  readonly paymentMetadata?: string
  readonly keysendPreimage?: string
  /** Its payee takes it in parts (BOLT 9, basic_mpp). */
  readonly mpp?: boolean
  /** Private ways to the payee. */
  readonly hints?: readonly (readonly HintHop[])[]
  readonly sessionKey: string
  /** Milliseconds since 1970: when a payment without an HTLC is given up. */
  readonly deadline: number
  /** Of the invoice. */
  readonly expiresAt?: number
  readonly token?: string
  readonly repeatable?: Repeatable
}

export interface Repeatable {
  readonly key: string
  /** Hash of what is asked for, so that one key stands for one thing. */
  readonly fingerprint: string
}

/** A payment that is asked for. */
export interface Asked {
  readonly request: number
  /** Requests with the same idempotency key and content. */
  readonly others: readonly number[]
  readonly wantsProgress: boolean
  readonly payment: Omit<Payment, 'number'>
  readonly terms: Terms
  /** An earlier payment of this idempotency key or hash, while it is looked up. */
  readonly earlier?: EarlierPayment
}

export interface EarlierPayment {
  readonly type: 'same_request' | 'same_hash'
  readonly number: number
}

export interface InFlight {
  readonly payment: Payment
  readonly terms: Terms
  /** Onions that were made for it, each with a key of its own. */
  readonly onions: number
  /** HTLCs on their way. Without any it waits for a usable channel. */
  readonly parts: readonly SentPart[]
  /** Nothing more is sent for it: when its parts have ended, this is why it has failed. */
  readonly reason?: PaymentFailure
  /** Of parts of which nobody can say what became of them. */
  readonly unknown?: Sum
  /** What its token was charged with for fees. */
  readonly feeHeldMsat?: Msat
}

/** What reaches the payee, and what comes on top for those on the way. */
export interface Sum {
  readonly amountMsat: Msat
  readonly feeMsat: Msat
}

/** One HTLC of ours, on its way. */
export interface SentPart extends HtlcRef {
  /** From our peer to who is paid. */
  readonly hops: readonly RouteHop[]
  /** Of its onion, for the failure that may come back: one per hop, lowercase hex. */
  readonly sharedSecrets: readonly string[]
}

/** What a payment need not try again. */
export interface Trial {
  /** As in a request for a route. */
  readonly excludedChannels: ReadonlySet<string>
  readonly excludedNodes: ReadonlySet<NodeId>
  /** What nodes have said of their channels when they refused it: for this payment alone (BOLT 4, receiving failure codes). */
  readonly updates: readonly ChannelUpdate[]
  /** Nodes of which one of two has spoilt a reason. */
  readonly suspects?: ReadonlySet<NodeId>
  /** The last refusal. */
  readonly refusal?: PaymentFailure
}

/** Parts that are being offered, one after the other. */
export interface Attempt {
  /** A payment that begins with it and is in no book yet. Of any other the state has the truth: parts may end in between. */
  readonly beginning?: Beginning
  readonly current: Offered
  /** Still to be offered. */
  readonly rest: readonly Way[]
  /** What channels have taken. */
  readonly taken: readonly SentPart[]
  /** Our channels that have refused, and what the last of them has said. */
  readonly refusing: ReadonlySet<string>
}

export interface Beginning {
  readonly request: number
  readonly inFlight: InFlight
}

/** A way of a part, and the channels to begin with, the best first. */
export interface Way {
  readonly hops: readonly RouteHop[]
  readonly left: readonly Candidate[]
}

/** A part that is being offered to one channel after the other. */
export interface Offered extends Way {
  readonly via: Candidate
  readonly onionRoutingPacket: Uint8Array
  readonly sharedSecrets: readonly string[]
}

/** An HTLC that is being offered to one channel after the other. */
export interface Offer {
  readonly forward: Omit<Forward, 'outbound'>
  readonly onionRoutingPacket: Uint8Array
  readonly pathKey?: Uint8Array
  /** Still to be tried, the best first. */
  readonly left: readonly Outgoing[]
  // For what is said where none takes it.
  readonly onion: Pick<ForwardedOnion, 'position' | 'nextHop'>
  readonly named: Outgoing
}

export interface PaymentStep {
  readonly next: PaymentsState
  readonly writes: readonly PaymentWrite[]
  readonly effects: readonly PaymentEffect[]
}

export const NEW_PAYMENTS: PaymentsState = {
  nextNumber: 1,
  invoices: emptyPMap(),
  inFlight: emptyPMap(),
  tokens: emptyPMap(),
  parts: emptyPMap(),
  forwards: emptyPMap(),
  policies: emptyPMap(),
  onions: emptyPMap(),
  claimed: emptyPMap(),
  sets: emptyPMap(),
  byOutbound: emptyPMap(),
  usage: emptyPMap(),
  byHtlc: emptyPMap(),
  byHash: emptyPMap(),
  byIdempotencyKey: emptyPMap(),
  waiting: emptyPMap(),
  session: {
    asked: emptyPMap(),
    locks: emptyPMap(),
    attempts: emptyPMap(),
    offers: emptyPMap(),
    listeners: emptyPMap(),
    watching: new Set(),
    trials: emptyPMap(),
    liquidity: NOTHING_LEARNT,
  },
}

/** Nothing happens, or only what the effects say. */
export function unchanged(next: PaymentsState, ...effects: readonly PaymentEffect[]): PaymentStep {
  return { next, writes: [], effects }
}

export function withSession(state: PaymentsState, change: Partial<Session>): PaymentsState {
  return { ...state, session: { ...state.session, ...change } }
}

/** Numbers as keys that sort as the numbers do. */
export const numberKey = (number: number): string => String(number).padStart(16, '0')
/** The end first: callers like to begin their keys alike, and the map looks at the first characters. */
export const indexKey = (idempotencyKey: string): string => idempotencyKey.slice(-24) + idempotencyKey

/** Puts a payment in flight, in place of what was known of it. */
export function withInFlight(state: PaymentsState, inFlight: InFlight): PaymentsState {
  const { payment, terms, parts } = inFlight
  const base = withoutParts(state, payment.number)
  const key = numberKey(payment.number)
  return {
    ...base,
    inFlight: pmapSet(base.inFlight, key, inFlight),
    byHash: pmapSet(base.byHash, payment.paymentHash, payment.number),
    byHtlc: parts.reduce((byHtlc, part) => pmapSet(byHtlc, htlcKey(part), payment.number), base.byHtlc),
    waiting: parts.length === 0 ? pmapSet(base.waiting, key, payment.number) : base.waiting,
    byIdempotencyKey:
      terms.repeatable === undefined
        ? base.byIdempotencyKey
        : pmapSet(base.byIdempotencyKey, indexKey(terms.repeatable.key), payment.number),
  }
}

/** Takes a payment that has ended out of everything. */
export function withoutInFlight(state: PaymentsState, { payment, terms }: InFlight): PaymentsState {
  const base = withoutParts(state, payment.number)
  const key = numberKey(payment.number)
  return {
    ...base,
    inFlight: pmapDelete(base.inFlight, key),
    byHash: pmapDelete(base.byHash, payment.paymentHash),
    byIdempotencyKey:
      terms.repeatable === undefined
        ? base.byIdempotencyKey
        : pmapDelete(base.byIdempotencyKey, indexKey(terms.repeatable.key)),
    session: withoutHearers(base.session, payment.number),
  }
}

/** Whether a part of it is being offered: then it is not over, whatever becomes of the others. */
export function isOffered({ session }: PaymentsState, number: number): boolean {
  return pmapGet(session.attempts, numberKey(number)) !== undefined
}

/** Nobody waits for its end any more. */
export function withoutHearers(session: Session, number: number): Session {
  const key = numberKey(number)
  const { listeners, watching, trials } = session
  const heard = pmapGet(listeners, key) ?? []
  return {
    ...session,
    listeners: pmapDelete(listeners, key),
    watching: watching.size === 0 ? watching : new Set([...watching].filter(request => !heard.includes(request))),
    trials: pmapDelete(trials, key),
  }
}

/** The payment for which we offered this HTLC, as it is without it. */
export function sentOf(
  state: PaymentsState,
  { link, id }: HtlcRef,
): { readonly part: SentPart; readonly left: InFlight } | undefined {
  const number = pmapGet(state.byHtlc, htlcKey({ link, id }))
  const inFlight = number === undefined ? undefined : pmapGet(state.inFlight, numberKey(number))
  const part = inFlight?.parts.find(each => each.link === link && each.id === id)
  if (inFlight === undefined || part === undefined) return undefined
  return { part, left: { ...inFlight, parts: inFlight.parts.filter(each => each !== part) } }
}

function withoutParts(state: PaymentsState, number: number): PaymentsState {
  const key = numberKey(number)
  const { parts } = pmapGet(state.inFlight, key) ?? { parts: [] }
  return {
    ...state,
    byHtlc: parts.reduce((byHtlc, part) => pmapDelete(byHtlc, htlcKey(part)), state.byHtlc),
    waiting: pmapDelete(state.waiting, key),
  }
}
