import type { ChannelId, FeeratePerKw, Msat, OutPoint, Sat } from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'
import type { CommitmentFormat } from '../commitment/index.ts'
import type { ChannelBasepoints } from '../keys/index.ts'

// A channel before its funding is signed for: nothing is durable, a disconnect forgets it (BOLT 2, message retransmission).
// And the terms that are agreed on here and bind for good.

export type OpeningChannel =
  | WaitForAcceptChannel
  | WaitForFundingTransaction
  | WaitForFundingSigned
  | WaitForFundingCreated

/** What both sides know of a channel before its funding outpoint. */
export interface ChannelTerms {
  readonly temporaryChannelId: ChannelId
  readonly role: 'opener' | 'accepter'
  /** Which of the seed's channel keys are ours here. */
  readonly channelKeyIndex: number
  readonly format: CommitmentFormat
  /** The negotiated channel_type as feature bits (BOLT 9). */
  readonly channelType: Uint8Array
  readonly announce: boolean
  readonly fundingAmountSat: Sat
  readonly pushMsat: Msat
  readonly feeratePerKw: FeeratePerKw
  readonly local: PartyTerms
  readonly localFirstPoint: Uint8Array
  readonly negotiated: NegotiatedFeatures
}

/** Opener: `open_channel` is sent. */
export interface WaitForAcceptChannel extends ChannelTerms {
  readonly state: 'wait_for_accept_channel'
}

/** Opener: the terms are agreed; our wallet is asked for a transaction that pays the funding output, unbroadcast. */
export interface WaitForFundingTransaction extends ChannelTerms {
  readonly state: 'wait_for_funding_transaction'
  readonly remote: PartyTerms
  readonly remoteFirstPoint: Uint8Array
  /** 0: the channel is used before its funding is confirmed. */
  readonly minimumDepth: number
}

/** Opener: `funding_created` is sent; the funding transaction must not be broadcast before the peer's signature. */
export interface WaitForFundingSigned extends ChannelTerms {
  readonly state: 'wait_for_funding_signed'
  readonly remote: PartyTerms
  readonly remoteFirstPoint: Uint8Array
  readonly minimumDepth: number
  readonly fundingTx: Tx
  readonly fundingOutpoint: OutPoint
  readonly channelId: ChannelId
}

/** Accepter: `accept_channel` is sent. */
export interface WaitForFundingCreated extends ChannelTerms {
  readonly state: 'wait_for_funding_created'
  readonly remote: PartyTerms
  readonly remoteFirstPoint: Uint8Array
  readonly minimumDepth: number
}

/** The opening ended without a channel. Nothing of ours is at stake; the caller forgets it. */
export interface AbortedChannel {
  readonly state: 'aborted'
  readonly temporaryChannelId: ChannelId
  readonly reason: string
}

/** What one party announced in `open_channel` or `accept_channel`: it binds the OTHER party, but for keys and dust limit. */
export interface PartyTerms {
  readonly basepoints: ChannelBasepoints
  /** No output below this on this party's own commitment transaction. */
  readonly dustLimitSat: Sat
  /** The other party may have at most this much in HTLCs on the way to this party. */
  readonly maxHtlcValueInFlightMsat: Msat
  /** What the OTHER party must keep for itself. */
  readonly channelReserveSat: Sat
  /** The other party offers no HTLC below this. */
  readonly htlcMinimumMsat: Msat
  /** How many blocks the OTHER party waits for its own money on its own commitment transaction. */
  readonly toSelfDelay: number
  /** The other party may have at most this many HTLCs on the way to this party. */
  readonly maxAcceptedHtlcs: number
  readonly upfrontShutdownScript?: Uint8Array
}

/** What both sides' `init` features allow; known once connected, may differ on the next connection. */
export interface NegotiatedFeatures {
  readonly upfrontShutdownScript: boolean
  readonly shutdownAnySegwit: boolean
  readonly simpleClose: boolean
  readonly largeChannels: boolean
  readonly scidAlias: boolean
  readonly zeroConf: boolean
  readonly attributionData: boolean
}
