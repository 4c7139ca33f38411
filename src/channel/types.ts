import type { BlockHash, ChannelId, FeeratePerKw, Msat, OutPoint, PaymentHash, Sat, Txid } from '../base/index.ts'
import type { Tx, TxOut } from '../bitcoin/index.ts'
import type { ClosingVariant, CommitmentFormat } from '../commitment/index.ts'
import type { ChannelSecrets, SecretStore } from '../keys/index.ts'
import type { ChannelMessage, ErrorMessage, ShortChannelId, WarningMessage } from '../wire/index.ts'
import type { ChannelFailure } from './failure.ts'
import type { ChannelLimits } from './limits.ts'
import type { AbortedChannel, NegotiatedFeatures, OpeningChannel, PartyTerms } from './openingTypes.ts'

export type {
  AbortedChannel,
  ChannelTerms,
  NegotiatedFeatures,
  OpeningChannel,
  PartyTerms,
  WaitForAcceptChannel,
  WaitForFundingCreated,
  WaitForFundingSigned,
  WaitForFundingTransaction,
} from './openingTypes.ts'

// The state of one channel with one peer, and everything that may go in and come out of its step.
// The words "local" and "remote" are seen from the node that holds the state.

export type Party = 'local' | 'remote'

export type Channel = OpeningChannel | FundedChannel | AbortedChannel

// ---------------------------------------------------------------------------------------------------------------------
// From `funding_signed` on: two drawers. `durable` is what the store holds; `session` ends with the connection.

export interface FundedChannel {
  readonly state: ChannelPhase['type']
  readonly durable: ChannelDurable
  readonly session: ChannelSession
}

export interface ChannelDurable {
  readonly params: ChannelParams
  readonly phase: ChannelPhase
  readonly ready: ChannelReady
  readonly shutdown: ShutdownScripts
  /** What each side would have if no HTLC were live: an HTLC counts for its offerer until its removal is irrevocable. */
  readonly settled: Balances
  /** The feerate that both sides are irrevocably committed to. */
  readonly feeratePerKw: FeeratePerKw
  /** `update_fee`s on their way, oldest first; the opener is always their sender. */
  readonly feeUpdates: readonly FeeUpdate[]
  /** Live HTLCs: those that we offered, then those of the peer, each oldest first. */
  readonly htlcs: readonly Htlc[]
  readonly nextHtlcId: { readonly local: number; readonly remote: number }
  readonly localCommit: LocalCommit
  readonly remoteCommit: RemoteCommit
  /** The per-commitment secrets that the peer has revealed. */
  readonly remoteSecrets: SecretStore
  /** Updates of ours that no `commitment_signed` covers yet, in the order in which they were sent. */
  readonly proposed: readonly UpdateRef[]
  /** Which of the two was sent last: when both are owed again, they are sent again in this order (BOLT 2, retransmission). */
  readonly lastSent: 'commitment_signed' | 'revoke_and_ack' | 'neither'
  /** The funding of a channel that is in use before it was confirmed as deep as others have to be. */
  readonly unconfirmed?: UnconfirmedFunding
  /** By which the peer wants payments to name the channel that come to us over it (BOLT 2, channel_ready). */
  readonly remoteAlias?: ShortChannelId
  /** What our user wants the close to pay; else it is what the context says. */
  readonly closeFeeratePerKw?: FeeratePerKw
  /** Mutual closes that carry both signatures, bounded by `maxMutualCloses`; any of them may confirm. */
  readonly mutualCloses: readonly Tx[]
}

/** Of the opener: the transaction, to publish it again. */
export interface UnconfirmedFunding {
  readonly fundingTx?: Tx
  readonly sinceHeight: number
}

/** Agreed at the opening, never changed afterwards. */
export interface ChannelParams {
  readonly channelId: ChannelId
  readonly temporaryChannelId: ChannelId
  readonly role: 'opener' | 'accepter'
  readonly channelKeyIndex: number
  readonly format: CommitmentFormat
  readonly channelType: Uint8Array
  readonly announce: boolean
  readonly fundingOutpoint: OutPoint
  readonly fundingAmountSat: Sat
  readonly pushMsat: Msat
  /** Confirmations that the accepter asked for; 0: the channel is used before its funding is confirmed. */
  readonly minimumDepth: number
  readonly local: PartyTerms
  readonly remote: PartyTerms
}

/** Why a channel is closing, in words that a person understands, with the evidence. */
export interface CloseCause {
  readonly kind:
    | 'mutual'
    | 'local_force'
    | 'remote_error'
    | 'protocol_failure'
    | 'deadline'
    | 'data_loss'
    | 'spent_by_peer'
  readonly reason: string
  /** False once the peer has proved that our state is old, so that publishing it would lose everything, or where no funding output is there for it. */
  readonly mayPublishCommitment: boolean
}

/** The phases of a funded channel; `transitions.ts` lists which may follow which. */
export type ChannelPhase =
  /** We have not sent `channel_ready`. The opener keeps the funding transaction to publish it again. */
  | { readonly type: 'wait_for_funding_confirmed'; readonly fundingTx?: Tx; readonly sinceHeight: number }
  /** Our `channel_ready` is sent, the peer's has not come. */
  | { readonly type: 'wait_for_channel_ready' }
  | { readonly type: 'normal' }
  /** A `shutdown` was asked for, sent or received; HTLCs or updates are still being cleared. */
  | { readonly type: 'shutting_down' }
  /**
   * Both `shutdown`s are there and nothing is in flight: the closing transaction is being agreed on. The phase lasts until the
   * funding output is spent, also when a transaction is fully signed: so a reconnection can repeat what the peer missed, and
   * the fee can be raised.
   */
  | { readonly type: 'negotiating' }
  /**
   * The end on chain has begun: a closing or commitment transaction is published or seen. The onchain room takes over. With
   * `heldUntil`, our own commitment is not published below this height: it may be revoked (`handlers/hold.ts`).
   */
  | { readonly type: 'closing'; readonly cause: CloseCause; readonly heldUntil?: number }
  /** Every output is irrevocably resolved, or the funding never confirmed. */
  | { readonly type: 'closed'; readonly cause: CloseCause }

export interface ChannelReady {
  readonly local: boolean
  readonly remote: boolean
}

export interface ShutdownScripts {
  /** Where our output goes: said in the `shutdown` that we sent, or in a later `closing_complete` of ours. */
  readonly local?: Uint8Array
  readonly remote?: Uint8Array
  /** Our `shutdown` is wanted but not sent: the peer is away, updates of ours are unsigned, or the funding is unconfirmed. */
  readonly requested?: Uint8Array
}

export interface Balances {
  readonly localMsat: Msat
  readonly remoteMsat: Msat
}

/** How far an update of one party ("its sender") has come (BOLT 2, normal operation). See `updates.ts`. */
export type UpdateStage = 'proposed' | 'signed' | 'acknowledged' | 'countersigned' | 'irrevocable'

export interface FeeUpdate {
  readonly feeratePerKw: FeeratePerKw
  readonly stage: UpdateStage
}

export interface Htlc {
  readonly offeredBy: Party
  readonly id: number
  readonly amountMsat: Msat
  readonly paymentHash: PaymentHash
  readonly cltvExpiry: number
  /** 1366 bytes, opaque here. */
  readonly onionRoutingPacket: Uint8Array
  readonly pathKey?: Uint8Array
  readonly added: UpdateStage
  /** Its removal by the party that received it: none while the HTLC is simply live. */
  readonly removed?: UpdateStage
  /** How it ends: chosen by the receiver, sometimes before the removal can be sent, and kept over a disconnect. */
  readonly resolution?: HtlcResolution
  /** Number of the first remote commitment that includes it, once there is one: a penalty needs to know. */
  readonly remoteFrom?: number
  /** Number of the first remote commitment that no longer includes it. */
  readonly remoteUntil?: number
}

/** How an HTLC ends. `attributionData`: 920 bytes, opaque here; none where nobody has said how long it was held. */
export type HtlcResolution =
  | { readonly type: 'fulfill'; readonly paymentPreimage: Uint8Array; readonly attributionData?: Uint8Array }
  | { readonly type: 'fail'; readonly reason: Uint8Array; readonly attributionData?: Uint8Array }
  | { readonly type: 'fail_malformed'; readonly sha256OfOnion: Uint8Array; readonly failureCode: number }

/** One of our own updates, named so that it can be sent again. */
export type UpdateRef =
  | { readonly type: 'add'; readonly id: number }
  | { readonly type: 'remove'; readonly id: number }
  | { readonly type: 'fee'; readonly feeratePerKw: FeeratePerKw }

/** Our commitment transaction, as the peer signed it. Our own signature is made only when it is published. */
export interface LocalCommit {
  readonly number: number
  readonly signature: Uint8Array
  /** One for each untrimmed HTLC, in output order. */
  readonly htlcSignatures: readonly Uint8Array[]
}

/** The peer's commitment transaction. While a `revoke_and_ack` is awaited, it holds two that are valid. */
export interface RemoteCommit {
  /** Of the last one that is not revoked. */
  readonly number: number
  readonly point: Uint8Array
  /** For `number + 1`. Known once `channel_ready` came. */
  readonly nextPoint?: Uint8Array
  /** Set while commitment `number + 1` is signed and the peer has not revoked `number`: the updates that it brought. */
  readonly awaitingRevocation?: readonly UpdateRef[]
}

export interface ChannelSession {
  readonly connection: 'disconnected' | 'reestablishing' | 'connected'
  readonly negotiated: NegotiatedFeatures
  /**
   * Set from the load of the records until a `channel_reestablish` fits: so long they may be an old copy, whose commitment is revoked.
   * `catching_up` while the blocks come that the node has missed: before their end no peer can be met.
   */
  readonly unproven?: 'catching_up' | 'waiting'
  /** The peer's first `channel_ready` may be sent again by either side until the first commitment. */
  readonly closing?: ClosingSession
}

/** A negotiation that starts anew on each connection. The scripts are durable (`ShutdownScripts`). */
export type ClosingSession =
  /** The peer's `shutdown` came on this connection, first or again. The negotiation waits for what is in flight. */
  | { readonly type: 'shutdown_received' }
  | {
      readonly type: 'legacy'
      /** The fees that we allow, fixed when the negotiation starts: what is said in `fee_range`. */
      readonly minFeeSat: Sat
      readonly maxFeeSat: Sat
      readonly lastSentSat?: Sat
      readonly lastReceivedSat?: Sat
    }
  | {
      readonly type: 'simple'
      /** Our `closing_complete` that waits for its `closing_sig`. */
      readonly pending?: ClosingProposal
    }

/** What our `closing_complete` said (BOLT 2). */
export interface ClosingProposal {
  readonly closerScript: Uint8Array
  readonly closeeScript: Uint8Array
  readonly feeSat: Sat
  readonly locktime: number
  readonly variants: readonly ClosingVariant[]
}

// ---------------------------------------------------------------------------------------------------------------------
// In and out.

/** Everything that a step may look at besides the state and the input, as values. */
export interface ChannelContext {
  readonly chainHash: BlockHash
  readonly height: number
  /** Our secrets for this channel. */
  readonly secrets: ChannelSecrets
  /** Where our money goes at a mutual close, unless an upfront script binds us. */
  readonly shutdownScript: Uint8Array
  readonly feerates: {
    /** What we would choose for a commitment transaction now. */
    readonly commitment: FeeratePerKw
    /** What we would choose for a mutual close now. */
    readonly mutualClose: FeeratePerKw
  }
  readonly limits: ChannelLimits
  /** Ids of this node's other channels, temporary and final, with any peer. Looked at while a channel is opened. */
  readonly channelIdsInUse?: readonly ChannelId[]
  /** Told to the peer with `channel_ready`: an id by which payments may name the channel, whatever the chain calls it. */
  readonly scidAlias?: ShortChannelId
}

/** What the peer may say about a channel. */
export type PeerMessage = ChannelMessage | ErrorMessage | WarningMessage

export type ChannelInput =
  | { readonly type: 'message'; readonly message: PeerMessage }
  | ChannelCommand
  | ChannelChainInput
  /** A connection ended; also the first input after a restart, since a restart is a disconnect that nobody saw. */
  | { readonly type: 'disconnected' }
  /** `init` was exchanged on a new connection. */
  | { readonly type: 'connected'; readonly negotiated: NegotiatedFeatures }

export type ChannelCommand =
  /** Opener: the wallet's answer to `fund_channel`: fully signed, all inputs segwit, not broadcast. */
  | { readonly type: 'funding_transaction'; readonly tx: Tx }
  /** Opener: the wallet cannot fund, or the user changed their mind before `funding_created`. */
  | { readonly type: 'cancel_open'; readonly reason: string }
  | {
      readonly type: 'add_htlc'
      readonly amountMsat: Msat
      readonly paymentHash: PaymentHash
      readonly cltvExpiry: number
      readonly onionRoutingPacket: Uint8Array
      readonly pathKey?: Uint8Array
    }
  | { readonly type: 'resolve_htlc'; readonly id: number; readonly resolution: HtlcResolution }
  | { readonly type: 'update_fee'; readonly feeratePerKw: FeeratePerKw }
  /** End of a turn: sign what is pending, unless the peer still owes a revocation. Never an error. */
  | { readonly type: 'commit' }
  /** Together with the peer. Once more, with a feerate: the close is to pay that. */
  | { readonly type: 'shutdown'; readonly script?: Uint8Array; readonly feeratePerKw?: FeeratePerKw }
  /** Simple close: propose again, at a higher feerate or to another script. */
  | { readonly type: 'bump_close'; readonly feeratePerKw: FeeratePerKw; readonly script?: Uint8Array }
  | { readonly type: 'force_close'; readonly reason: string }

export type ChannelChainInput =
  /** The chain is `height` blocks long now (`context.height` says the same). */
  | { readonly type: 'block' }
  /** The funding transaction is `depth` blocks deep (0: unconfirmed or gone), and this is what the outpoint really holds. */
  | {
      readonly type: 'funding_depth'
      readonly depth: number
      readonly output: TxOut | undefined
      readonly coinbase: boolean
    }
  /** This other transaction has spent a coin of the opener's funding, for good. */
  | { readonly type: 'funding_lost'; readonly by: Txid }
  /** The funding output is spent, by a transaction of whomever. */
  | { readonly type: 'funding_spent'; readonly tx: Tx }
  /** The onchain room has found a commitment on the chain that is newer than all we know, whoever published it. */
  | { readonly type: 'newer_commitment'; readonly reason: string }
  /** The onchain room says that every output is irrevocably resolved. */
  | { readonly type: 'resolved' }

/** All that a channel can do to the world. They are carried out in order, after the writes of the step are durable. */
export type ChannelEffect =
  | { readonly type: 'send'; readonly message: PeerMessage }
  /** Close the connection to this peer; every channel on it sees `disconnected`. */
  | { readonly type: 'close_connection' }
  | { readonly type: 'publish'; readonly tx: Tx; readonly role: 'funding' | 'mutual-close' | 'commitment' }
  /** Ask the wallet for an unbroadcast transaction that pays this output. */
  | { readonly type: 'fund_channel'; readonly output: TxOut; readonly feeratePerKw: FeeratePerKw }
  /** Report `funding_depth` while it grows to `depth`, and `funding_spent`, for this outpoint. */
  | { readonly type: 'watch_funding'; readonly outpoint: OutPoint; readonly output: TxOut; readonly depth: number }
  | { readonly type: 'event'; readonly event: ChannelEvent }

/** What the floors above want to know. Consumed within the same turn, so that what follows from them is in the same commit. */
export type ChannelEvent =
  | {
      readonly type: 'state_changed'
      readonly from: Channel['state']
      readonly to: Channel['state']
      readonly reason?: string
    }
  /** Our `add_htlc` was taken under this id. */
  | { readonly type: 'htlc_added'; readonly id: number; readonly paymentHash: PaymentHash }
  /** A commitment that we signed covers it: from now on it can end up on chain. */
  | { readonly type: 'htlc_signed'; readonly id: number }
  /** An HTLC of the peer is irrevocably committed: it may be fulfilled, failed or forwarded now. Repeated on reconnection until resolved. */
  | { readonly type: 'htlc_received'; readonly htlc: Htlc; readonly overDustExposure: boolean }
  /** The peer revealed the preimage of an HTLC of ours. */
  | {
      readonly type: 'htlc_fulfilled'
      readonly id: number
      readonly paymentHash: PaymentHash
      readonly paymentPreimage: Uint8Array
      readonly attributionData?: Uint8Array
    }
  /** The failure of an HTLC of ours is irrevocable: the money is ours again. */
  | {
      readonly type: 'htlc_failed'
      readonly id: number
      readonly paymentHash: PaymentHash
      readonly resolution: HtlcResolution
    }
  /** Removed from both commitments for good, whoever offered it. */
  | { readonly type: 'htlc_settled'; readonly offeredBy: Party; readonly id: number }
  /** An HTLC of ours that no commitment covered is forgotten, since the connection ended: it never happened. */
  | { readonly type: 'htlc_dropped'; readonly id: number; readonly paymentHash: PaymentHash }
  /** The peer said this, in an `error` or `warning`. */
  | { readonly type: 'peer_said'; readonly kind: 'error' | 'warning'; readonly text: string }

/** Records put or deleted in the store; all of one step are committed together. Keys are relative to the channel. */
export type ChannelWrite =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: string }

export interface ChannelStep {
  readonly next: Channel
  readonly writes: readonly ChannelWrite[]
  readonly effects: readonly ChannelEffect[]
  /** What was wrong with the input. With severity `reject` nothing else happened: `next` is the state that came in. */
  readonly failure?: ChannelFailure
}
