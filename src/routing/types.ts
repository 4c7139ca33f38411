import type { Msat, NodeId } from '../base/index.ts'
import type { Direction } from '../gossip/index.ts'
import type { ShortChannelId } from '../wire/index.ts'
import type { Liquidity } from './liquidity.ts'

/** What is to be paid, from where, and what it may cost. */
export interface RouteRequest {
  readonly payer: NodeId
  readonly destination: Destination
  readonly amountMsat: Msat
  /** The last block that we know: expiries count from it. */
  readonly height: number
  readonly maxFeeMsat: Msat
  /** Blocks above `height` that the first HTLC may have; two weeks where it is left out. */
  readonly maxCltvDelta?: number
  readonly maxHops?: number
  /** Our channels that can carry an HTLC now. */
  readonly firstHops: readonly FirstHop[]
  /** Channels to keep out of: `scid` in both directions, `scid/0` or `scid/1` in one. */
  readonly excludedChannels?: ReadonlySet<string>
  readonly excludedNodes?: ReadonlySet<NodeId>
  /** What is under way already, and takes from what those channels have. */
  readonly inFlight?: readonly InFlight[]
  readonly liquidity?: Liquidity
  /** Milliseconds: how old what was learnt is. */
  readonly now: number
  readonly weights?: RouteWeights
}

/** Who is paid, and what is known of the last part of the way. */
export type Destination =
  | {
      readonly type: 'node'
      readonly nodeId: NodeId
      /** Blocks that the payee asks for (BOLT 11, min_final_cltv_expiry_delta), with what the payer adds (BOLT 7, shadow route). */
      readonly finalCltvExpiryDelta: number
      /** Private ways that the payee names (BOLT 11, `r` fields): each hop is the node that the channel leads from. */
      readonly hints?: readonly (readonly HintHop[])[]
    }
  /** The way behind the introduction node is the payee's, and is paid for as a whole (BOLT 4, route blinding). */
  | { readonly type: 'blinded'; readonly paths: readonly BlindedTail[]; readonly finalCltvExpiryDelta: number }

/** As an invoice has it: what `nodeId` asks for relaying over the channel to the next one, or to the payee. */
export interface HintHop {
  readonly nodeId: NodeId
  readonly shortChannelId: ShortChannelId
  readonly feeBaseMsat: Msat
  readonly feeProportionalMillionths: number
  readonly cltvExpiryDelta: number
}

export interface BlindedTail {
  readonly introductionNode: NodeId
  /** HTLCs behind the introduction node. */
  readonly hops: number
  readonly feeBaseMsat: Msat
  readonly feeProportionalMillionths: number
  readonly cltvExpiryDelta: number
  readonly htlcMinimumMsat: Msat
  readonly htlcMaximumMsat: Msat
}

export interface FirstHop {
  readonly nodeId: NodeId
  /** The real one or an alias: any name that is the channel's alone. */
  readonly shortChannelId: ShortChannelId
  /** The largest HTLC, or the sum of several, that it can carry now. */
  readonly spendableMsat: Msat
  readonly htlcMinimumMsat: Msat
}

export interface InFlight {
  readonly shortChannelId: ShortChannelId
  /** Of the public channel; of a first hop it does not matter. */
  readonly direction: Direction
  readonly amountMsat: Msat
}

/** What else than its fee makes a way dear, in msat. */
export interface RouteWeights {
  /** For each hop. */
  readonly hopMsat: number
  /** For each block that an amount may be held, per billion of it. */
  readonly cltvBillionths: number
  /** What an attempt that fails is worth avoiding: so much, and so many millionths of the amount, for each factor e of less chance. */
  readonly attemptMsat: number
  readonly attemptMillionths: number
  /** For a channel whose funding was spent not long ago: it may live on as a splice, and more often it does not. */
  readonly spentMsat: number
}

export const DEFAULT_WEIGHTS: RouteWeights = {
  hopMsat: 500,
  cltvBillionths: 15,
  attemptMsat: 10_000,
  attemptMillionths: 1000,
  spentMsat: 50_000,
}

/** One HTLC of a route: it reaches `nodeId` over the channel, with this amount and expiry. */
export interface RouteHop {
  readonly nodeId: NodeId
  readonly shortChannelId: ShortChannelId
  readonly amountMsat: Msat
  /** Block height. */
  readonly cltvExpiry: number
  /** Of the public channel, for what is learnt; missing for first hops and hints. */
  readonly direction?: Direction
}

export interface Route {
  /** The first one is ours to offer. What a hop is told is the amount, the expiry and the channel of the next one. */
  readonly hops: readonly RouteHop[]
  /** What reaches the payee. */
  readonly amountMsat: Msat
  readonly feeMsat: Msat
  /** Which of the blinded paths follows behind the last hop. Then the fee holds what that path costs as a whole. */
  readonly blindedPath?: number
  /** In (0, 1]: that every channel on the way has the amount, as far as we know. */
  readonly chance: number
  /** What the search has kept as low as possible, in msat. */
  readonly cost: number
}

/** Why there is no route: a stable code, and a sentence. */
export interface RouteFailure {
  readonly code: 'no_route' | 'insufficient_balance' | 'fee_limit' | 'amount' | 'self_payment'
  readonly message: string
}
