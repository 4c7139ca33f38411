import type { BlockHash, ChannelId, Msat, NodeId, PaymentHash } from '../base/index.ts'
import type { ChannelFailure, Htlc, HtlcResolution } from '../channel/index.ts'
import type { Graph } from '../gossip/index.ts'
import type { RouteHintHop } from '../invoice/index.ts'
import type { NextHop } from '../onion/index.ts'
import type { FirstHop } from '../routing/index.ts'
import type { HoldTime } from './holdTimes.ts'
import type { HtlcRef } from './inbound.ts'
import type { PaymentLimits } from './limits.ts'
import type { PaymentProgress, PaymentRoute } from './progressTypes.ts'

export type { PaymentProgress, PaymentRoute } from './progressTypes.ts'

// What is sent and what is received: payments as values, and everything that may go in and come out of the step.

/** One payment, sent or received, as it is stored and shown. */
export interface Payment {
  /** Counts up over the life of the node. */
  readonly number: number
  readonly direction: 'sent' | 'received'
  readonly status: 'pending' | 'succeeded' | 'failed'
  readonly paymentHash: PaymentHash
  readonly amountMsat: Msat
  readonly feeMsat: Msat
  /** The other side: who is paid, or the peer over whose channel it came. */
  readonly peer: NodeId
  /** Lowercase hex of 32 bytes, once it is known. */
  readonly preimage?: string
  readonly invoice?: string
  readonly description?: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly endedAt?: number
  readonly failure?: PaymentFailure
  /** Of the way on which the preimage came, our peer first, as far as their word holds. */
  readonly holdTimes?: readonly HoldTime[]
}

/** Why a payment failed: `code` is stable, `message` a sentence for people. */
export interface PaymentFailure {
  readonly code:
    | 'invalid_invoice'
    | 'invoice_expired'
    | 'wrong_network'
    | 'amount'
    | 'self_payment'
    | 'already_paid'
    | 'in_flight'
    | 'no_channel'
    | 'insufficient_balance'
    | 'no_route'
    | 'fee_limit'
    | 'budget_exceeded'
    | 'unknown_token'
    | 'too_many_in_flight'
    | 'refused_by_recipient'
    | 'refused_on_the_way'
    | 'timeout'
    | 'lost_on_chain'
    | 'outcome_unknown'
    | 'idempotency_conflict'
    | 'too_many_invoices'
    | 'unknown_invoice'
    | 'not_held'
    | 'chain_is_old'
    | 'unknown_channel'
    | 'invalid_policy'
  readonly message: string
  /** The code of what was looked at, where that has codes of its own: what is wrong with an invoice. Stable. */
  readonly detail?: string
}

/** `admin`: everything. `read`: looks. `invoice`: may be paid. `spend`: pays and sends, up to its budget. */
export type TokenScope = 'admin' | 'read' | 'invoice' | 'spend'

/** What somebody may do with the node, and how much of its money they may spend. The secret itself is never kept. */
export interface Token {
  readonly id: string
  readonly name: string
  readonly scopes: readonly TokenScope[]
  /** Lowercase hex: SHA-256 of the secret. */
  readonly secretHash: string
  readonly budgetMsat?: Msat
  readonly spentMsat: Msat
  readonly createdAt: number
}

/** A channel that a payment could take now; `nodeId` is the peer. */
export interface Candidate extends FirstHop {
  readonly link: number
  readonly channelId: ChannelId
}

/** A channel that an HTLC of somebody else's could take. */
export interface Outgoing {
  readonly link: number
  readonly channelId: ChannelId
  readonly peer: NodeId
  /** `away`: open, and its peer is not there. */
  readonly standing: 'usable' | 'away' | 'closing'
  readonly announced: boolean
  /** The peer knows what to do with a `path_key`: to any other one it would be an unknown even record, which ends the connection. */
  readonly takesPathKey: boolean
  readonly spendableMsat: Msat
  /** What peer and channel can take at all. */
  readonly htlcMinimumMsat: Msat
  readonly htlcMaximumMsat: Msat
  /** Below this an HTLC has no output of its own on one of the two commitments (BOLT 3, trimmed outputs). */
  readonly dustLimitMsat: Msat
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

/** What we ask for passing payments on through a channel (BOLT 7, the channel_update message). */
export interface Policy {
  readonly feeBaseMsat: Msat
  readonly feeProportionalMillionths: number
  readonly cltvExpiryDelta: number
  readonly htlcMinimumMsat: Msat
  /** Absent: what the channel can take. */
  readonly htlcMaximumMsat?: Msat
  readonly disabled: boolean
  /** Milliseconds since 1970; 0 where it was never set. */
  readonly updatedAt: number
}

export interface PaymentContext {
  /** Milliseconds since 1970. */
  readonly now: number
  readonly height: number
  /** No block has come for so long that the height cannot be relied upon. */
  readonly tipIsOld?: boolean
  readonly nodeId: NodeId
  /** 32 bytes: peels onions, signs invoices. */
  readonly nodeSecret: Uint8Array
  readonly network: 'regtest' | 'signet' | 'testnet4' | 'bitcoin'
  readonly chainHash: BlockHash
  readonly limits: PaymentLimits
  /** The channels with a peer that a payment could take now. */
  readonly candidates: (peer: NodeId) => readonly Candidate[]
  /** The same with all peers. */
  readonly firstHops: () => readonly Candidate[]
  /** The channels of others, as far as they are known. */
  readonly graph: Graph
  /** The channels that lead to where an onion says, the one that it names first; those of the same peer may do as well. */
  readonly outgoing: (nextHop: NextHop) => readonly Outgoing[]
  readonly hasChannel: (channelId: ChannelId) => boolean
  /** Whether the end of this channel is a matter of the chain. */
  readonly isClosing: (link: number) => boolean
}

export type PaymentInput =
  | {
      readonly type: 'create_invoice'
      readonly request: number
      readonly amountMsat?: Msat
      readonly description: string
      readonly expirySeconds: number
      /** 32 bytes each, fresh. */
      readonly preimage: Uint8Array
      readonly paymentSecret: Uint8Array
      /** Ways to us that the network does not know. */
      readonly routeHints?: readonly (readonly RouteHintHop[])[]
    }
  /** One whose preimage our user has, or will have: what is paid for it is held until they decide. */
  | {
      readonly type: 'create_hold_invoice'
      readonly request: number
      readonly routeHints?: readonly (readonly RouteHintHop[])[]
      readonly paymentHash: PaymentHash
      readonly amountMsat?: Msat
      readonly description: string
      readonly expirySeconds: number
      /** 32 bytes, fresh. */
      readonly paymentSecret: Uint8Array
      /** Blocks that it asks for. */
      readonly minFinalCltvExpiryDelta?: number
    }
  /** Takes what is held. The preimage: 32 bytes. */
  | { readonly type: 'settle_invoice'; readonly request: number; readonly preimage: Uint8Array }
  /** Nobody pays it any more, and what is held for it goes back. */
  | { readonly type: 'cancel_invoice'; readonly request: number; readonly paymentHash: PaymentHash }
  | ({ readonly type: 'pay_invoice'; readonly invoice: string } & PayCommon)
  /** The preimage: 32 bytes, fresh. */
  | ({ readonly type: 'keysend'; readonly peer: NodeId; readonly preimage: Uint8Array } & PayCommon)
  /** The answer to `look_up`: the records that there are, by key. */
  | { readonly type: 'looked_up'; readonly request: number; readonly records: ReadonlyMap<string, Uint8Array> }
  /** What became of `add_htlc`, told in the same step. */
  | { readonly type: 'added'; readonly payment: number; readonly link: number; readonly id: number }
  | { readonly type: 'not_added'; readonly payment: number; readonly link: number; readonly failure: ChannelFailure }
  /** What became of `forward_htlc`, told in the same step. */
  | { readonly type: 'forwarded'; readonly inbound: HtlcRef; readonly link: number; readonly id: number }
  | {
      readonly type: 'not_forwarded'
      readonly inbound: HtlcRef
      readonly link: number
      readonly failure: ChannelFailure
    }
  // What channels tell.
  | {
      readonly type: 'htlc_received'
      readonly link: number
      readonly peer: NodeId
      readonly htlc: Htlc
      readonly overDustExposure: boolean
    }
  | {
      readonly type: 'htlc_fulfilled'
      readonly link: number
      readonly id: number
      readonly paymentPreimage: Uint8Array
      /** 920 bytes: how long those behind say to have held it. */
      readonly attributionData?: Uint8Array
    }
  | { readonly type: 'htlc_failed'; readonly link: number; readonly id: number; readonly resolution: HtlcResolution }
  /** No commitment holds it. `forGood`: the channel is closing, and signs nothing any more. */
  | { readonly type: 'htlc_dropped'; readonly link: number; readonly id: number; readonly forGood?: boolean }
  /** It ran out on the chain: nobody will be paid. */
  | {
      readonly type: 'htlc_timed_out'
      readonly link: number
      readonly id: number
      readonly cause: 'output_taken_back' | 'no_output' | 'given_up'
    }
  /** Nobody can say whether it was or will be paid, and nobody waits for it any more. */
  | {
      readonly type: 'htlc_unknown'
      readonly link: number
      readonly id: number
      readonly cause: 'unclaimed' | 'untold'
    }
  /** The claim of an HTLC of a peer is deep in the chain, and nobody here decided to take it. The preimage: 32 bytes. */
  | {
      readonly type: 'htlc_claimed'
      readonly link: number
      readonly peer: NodeId
      readonly htlc: Pick<Htlc, 'id' | 'amountMsat' | 'paymentHash'>
      readonly preimage: Uint8Array
    }
  /** A channel with this peer can be used again: what waits may be tried. */
  | { readonly type: 'usable'; readonly peer: NodeId }
  | {
      readonly type: 'create_token'
      readonly request: number
      readonly id: string
      readonly name: string
      readonly scopes: readonly TokenScope[]
      readonly secretHash: string
      readonly budgetMsat?: Msat
    }
  | { readonly type: 'revoke_token'; readonly request: number; readonly id: string }
  /** Money that leaves by another way (on-chain) under a token: refused where it is too much. */
  | { readonly type: 'charge'; readonly request: number; readonly token: string; readonly amountMsat: Msat }
  /** It did not leave after all. */
  | { readonly type: 'refund'; readonly token: string; readonly amountMsat: Msat }
  /** What is not named stays as it is. */
  | ({ readonly type: 'set_policy'; readonly request: number; readonly channelId: ChannelId } & Partial<
      Omit<Policy, 'updatedAt'>
    >)
  /** The ways that a payment would take now. Nothing is sent, and nothing is kept. */
  | ({
      readonly type: 'find_routes'
      readonly request: number
      readonly amountMsat?: Msat
      readonly to: { readonly invoice: string } | { readonly nodeId: NodeId }
    } & PayBudget)
  | { readonly type: 'tick' }
  /** The chain is `context.height` blocks long now, and what is on it has been told. */
  | { readonly type: 'block' }

/** What a payment may take besides its amount. What is left out, the node has a default for. */
export interface PayBudget {
  /** Of all its parts together. */
  readonly maxFeeMsat?: Msat
  /** HTLCs that it is split into, where its payee takes parts. */
  readonly maxParts?: number
  /** Blocks that the money may be under way in the worst case. */
  readonly maxCltvDelta?: number
}

export interface PayCommon extends PayBudget {
  readonly request: number
  readonly amountMsat?: Msat
  readonly timeoutMs: number
  /** 32 bytes, fresh: the onion's. */
  readonly sessionKey: Uint8Array
  /** 1 to 255 printable ASCII characters. */
  readonly idempotencyKey?: string
  /** Id of the token that pays. */
  readonly token?: string
  /** Whoever asks hears of it by `progress` until it has ended. */
  readonly wantsProgress?: boolean
}

export type PaymentEffect =
  /** Done at once; answered with `added` or `not_added`. */
  | {
      readonly type: 'add_htlc'
      readonly payment: number
      readonly link: number
      readonly amountMsat: Msat
      readonly paymentHash: PaymentHash
      readonly cltvExpiry: number
      readonly onionRoutingPacket: Uint8Array
    }
  /** The same for an HTLC of somebody else's; answered with `forwarded` or `not_forwarded`. */
  | {
      readonly type: 'forward_htlc'
      readonly inbound: HtlcRef
      readonly link: number
      readonly amountMsat: Msat
      readonly paymentHash: PaymentHash
      readonly cltvExpiry: number
      readonly onionRoutingPacket: Uint8Array
      readonly pathKey?: Uint8Array
    }
  | { readonly type: 'resolve_htlc'; readonly link: number; readonly id: number; readonly resolution: HtlcResolution }
  /** Load these records, and answer with `looked_up`. */
  | { readonly type: 'look_up'; readonly request: number; readonly keys: readonly string[] }
  | { readonly type: 'reply'; readonly request: number; readonly reply: PaymentReply }
  | { readonly type: 'progress'; readonly request: number; readonly progress: PaymentProgress }
  | { readonly type: 'event'; readonly event: PaymentEvent | HoldEvent | ForwardEvent }
  | { readonly type: 'wake'; readonly at: number }

export type PaymentReply =
  | {
      readonly type: 'invoice'
      readonly invoice: string
      readonly paymentHash: PaymentHash
      readonly expiresAt: number
    }
  /** Ended, or found to be the same as an earlier one that has ended. */
  | { readonly type: 'payment'; readonly payment: Payment }
  /** Together they bring the amount. */
  | { readonly type: 'routes'; readonly routes: readonly PaymentRoute[] }
  | { readonly type: 'done' }
  | { readonly type: 'policy'; readonly channelId: ChannelId; readonly policy: Policy }
  | { readonly type: 'token'; readonly token: Token }
  | { readonly type: 'refused'; readonly failure: PaymentFailure }
  /** One has to be revoked first. */
  | { readonly type: 'too_many_tokens'; readonly limit: number }

export type PaymentEvent =
  | { readonly type: 'payment_received'; readonly payment: Payment }
  | { readonly type: 'payment_sent'; readonly payment: Payment }
  | { readonly type: 'payment_failed'; readonly payment: Payment }
  /**
   * One that has succeeded has cost another amount than `payment_sent` has said: a part that was still on its way came back, or was
   * offered in the moment in which the preimage came. The payee has less, or more.
   */
  | { readonly type: 'payment_changed'; readonly payment: Payment }

/** What is paid for a hold invoice, whose preimage our user has. */
export type HoldEvent =
  /** All of it is there. It waits for `settle_invoice` or `cancel_invoice`; at this height it is cancelled. */
  | {
      readonly type: 'payment_held'
      readonly paymentHash: PaymentHash
      readonly amountMsat: Msat
      readonly invoice: string
      readonly cancelledAtHeight: number
    }
  /** It went back, and the invoice is gone. */
  | {
      readonly type: 'hold_cancelled'
      readonly paymentHash: PaymentHash
      readonly amountMsat: Msat
      readonly cause: 'asked' | 'deadline'
    }

/** A payment of others went through us, and was paid. */
export interface ForwardEvent {
  readonly type: 'payment_forwarded'
  readonly paymentHash: PaymentHash
  readonly from: NodeId
  readonly to: NodeId
  /** What went on. */
  readonly amountMsat: Msat
  readonly feeMsat: Msat
}

export type PaymentWrite =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: string }
