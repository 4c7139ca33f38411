import { emptyPMap, type Msat, type PaymentHash, type PMap, pmapDelete, pmapGet, pmapSet } from '../base/index.ts'
import type { ForwardedOnion } from '../onion/index.ts'
import { type Forward, type HtlcRef, type HtlcSet, htlcKey, type Part } from './inbound.ts'
import type { Candidate, Outgoing, Payment, PaymentEffect, PaymentWrite, Policy, Token } from './types.ts'

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
export interface Terms {
  readonly finalCltvExpiryDelta: number
  readonly paymentSecret?: string
  readonly paymentMetadata?: string
  readonly keysendPreimage?: string
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
  /** How often it was tried again: each time with another onion. */
  readonly retries: number
  /** Of the onion that is out, for the failure that may come back: one per hop, lowercase hex. */
  readonly sharedSecrets: readonly string[]
  /** Absent while the payment waits for a usable channel. */
  readonly htlc?: HtlcRef
}

/** An onion that is being offered to one channel after the other. */
export interface Attempt {
  readonly payment: Payment
  readonly retries: number
  /** The request of a payment that begins with it; absent where one in flight is tried again. */
  readonly request?: number
  readonly cltvExpiry: number
  readonly onionRoutingPacket: Uint8Array
  readonly sharedSecrets: readonly string[]
  /** Still to be tried, the best first. */
  readonly left: readonly Candidate[]
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
  const { payment, terms, htlc } = inFlight
  const base = withoutHtlc(state, payment.number)
  const key = numberKey(payment.number)
  return {
    ...base,
    inFlight: pmapSet(base.inFlight, key, inFlight),
    byHash: pmapSet(base.byHash, payment.paymentHash, payment.number),
    byHtlc: htlc === undefined ? base.byHtlc : pmapSet(base.byHtlc, htlcKey(htlc), payment.number),
    waiting: htlc === undefined ? pmapSet(base.waiting, key, payment.number) : base.waiting,
    byIdempotencyKey:
      terms.repeatable === undefined
        ? base.byIdempotencyKey
        : pmapSet(base.byIdempotencyKey, indexKey(terms.repeatable.key), payment.number),
  }
}

/** Takes a payment that has ended out of everything. */
export function withoutInFlight(state: PaymentsState, { payment, terms }: InFlight): PaymentsState {
  const base = withoutHtlc(state, payment.number)
  const key = numberKey(payment.number)
  return {
    ...base,
    inFlight: pmapDelete(base.inFlight, key),
    byHash: pmapDelete(base.byHash, payment.paymentHash),
    byIdempotencyKey:
      terms.repeatable === undefined
        ? base.byIdempotencyKey
        : pmapDelete(base.byIdempotencyKey, indexKey(terms.repeatable.key)),
    session: { ...base.session, listeners: pmapDelete(base.session.listeners, key) },
  }
}

export function inFlightOf(state: PaymentsState, htlc: HtlcRef): InFlight | undefined {
  const number = pmapGet(state.byHtlc, htlcKey(htlc))
  return number === undefined ? undefined : pmapGet(state.inFlight, numberKey(number))
}

function withoutHtlc(state: PaymentsState, number: number): PaymentsState {
  const key = numberKey(number)
  const htlc = pmapGet(state.inFlight, key)?.htlc
  return {
    ...state,
    byHtlc: htlc === undefined ? state.byHtlc : pmapDelete(state.byHtlc, htlcKey(htlc)),
    waiting: pmapDelete(state.waiting, key),
  }
}
