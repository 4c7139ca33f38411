import type { ChannelId, FeeratePerKw, Msat, OutPoint, PaymentHash, Sat, Txid } from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'
import type { CommitmentFormat, CommitmentInput } from '../commitment/index.ts'
import type { ChannelBasepoints, ChannelSecrets, SecretStore } from '../keys/index.ts'

// One channel as BOLT 5 sees it, and everything that may go in and come out of the step that enforces it.
// The words "local" and "remote" are seen from the node that holds the state.

export type Party = 'local' | 'remote'

// ---------------------------------------------------------------------------------------------------------------------
// What the channel tells: values that the caller fills in anew for each step.

export interface ChannelView {
  readonly channelId: ChannelId
  readonly format: CommitmentFormat
  readonly isOpener: boolean
  readonly fundingOutpoint: OutPoint
  readonly fundingAmountSat: Sat
  /** 48 bits (`obscuringFactor` of the commitment room). */
  readonly obscuringFactor: bigint
  readonly local: PartyView
  readonly remote: PartyView
  readonly localCommit: LocalCommitView
  /** The peer's newest commitment that is not revoked, and the one that we signed after it, if any. */
  readonly remoteCommit: RemoteCommitView
  readonly remoteNext?: RemoteCommitView
  /** The per-commitment secrets that the peer has revealed. */
  readonly remoteSecrets: SecretStore
  /** Mutual closes that carry both signatures. Any of them may confirm. */
  readonly mutualCloses: readonly Tx[]
  /** Every output script that a side has named for a mutual close: the peer may publish one whose last message we missed. */
  readonly closingScripts: { readonly local: readonly Uint8Array[]; readonly remote: readonly Uint8Array[] }
  /**
   * 32 bytes each. Of HTLCs that we received: preimages that may be used and so become known to all, which an invoice's is only
   * once its HTLC was accepted, never because the hash is the same. Of HTLCs that we offered: what the peer has revealed.
   */
  readonly preimages: ReadonlyMap<PaymentHash, Uint8Array>
  /**
   * Of HTLCs that we offered: those whose preimage the peer has revealed off the chain, so that it is known upstream already.
   * By name, since another HTLC with the same hash may still fail.
   */
  readonly fulfilled: readonly HtlcRef[]
  /**
   * What is to be published again and again while the funding output is unspent. `nothing` as long as the channel lives, and
   * for ever once the peer has proved that our state is old.
   */
  readonly publish: 'nothing' | 'commitment' | 'mutual_close'
  /** All of this is known to be an old copy: what was signed since may be on the chain, also what we published ourselves. */
  readonly isOldCopy: boolean
  /** The funding output was never seen as deep as it has to be: no commitment may ever confirm. Absent: it was. */
  readonly isUnfunded?: boolean
  /** 32 bytes: what our per-commitment points come from, also those of commitments that we have forgotten. */
  readonly shachainSeed: Uint8Array
}

/** What one side announced when the channel was opened. */
export interface PartyView {
  readonly basepoints: ChannelBasepoints
  /** No output below this on this party's own commitment transaction. */
  readonly dustLimitSat: Sat
  /** How many blocks the OTHER party waits for its own money on its own commitment transaction. */
  readonly toSelfDelay: number
}

/** Our commitment (we are its holder), as the peer signed it. Our own signature is made only when it is published. */
export interface LocalCommitView {
  readonly input: CommitmentInput
  /** 33 bytes: our per-commitment point of this number. */
  readonly point: Uint8Array
  /** 64 bytes. */
  readonly remoteSignature: Uint8Array
  /** 64 bytes each, one for each untrimmed HTLC, in output order. */
  readonly htlcSignatures: readonly Uint8Array[]
}

/** A commitment of the peer (it is the holder) that we signed. */
export interface RemoteCommitView {
  readonly input: CommitmentInput
  /** 33 bytes: the peer's per-commitment point of this number. */
  readonly point: Uint8Array
}

/** An HTLC by the only names that are unique: its direction and its id. Two HTLCs may well have one payment hash. */
export interface HtlcRef {
  readonly offeredBy: Party
  readonly id: number
}

export interface ChannelHtlc extends HtlcRef {
  readonly amountMsat: Msat
  readonly paymentHash: PaymentHash
  readonly cltvExpiry: number
}

/** A P2WPKH coin of our wallet that may pay the fee of an HTLC transaction (BOLT 5, generation of HTLC transactions). */
export interface FeeCoin {
  readonly outpoint: OutPoint
  readonly amountSat: Sat
  /** 32 bytes. */
  readonly secret: Uint8Array
  /** 33 bytes. */
  readonly publicKey: Uint8Array
}

/** Everything that a step may look at besides the state and the input, as values. */
export interface OnchainContext {
  readonly view: ChannelView
  /** Our secrets for this channel. */
  readonly secrets: ChannelSecrets
  /** Of the best block. */
  readonly height: number
  /** For the transactions that are made now; what is already published keeps its fee. */
  readonly feeratePerKw: FeeratePerKw
  /** Where swept money goes. */
  readonly destinationScript: Uint8Array
  /** Confirmed coins of the wallet; the step itself sees to it that no coin is in two transactions. */
  readonly feeCoins: readonly FeeCoin[]
  /** Where the rest of a fee coin goes. */
  readonly changeScript: Uint8Array
}

// ---------------------------------------------------------------------------------------------------------------------
// The state: what the chain said, what we published, and what we told. All else is worked out from it again in each step.

export interface OnchainState {
  readonly facts: ChainFacts
  /** Our transactions that are neither confirmed nor beaten by a conflicting one, by txid. */
  readonly claims: readonly Claim[]
  /** The names of the events that hold and were told, sorted, so that each is told once. A reorganisation takes names away. */
  readonly reported: readonly string[]
}

/** What is known from outside the channel. */
export interface ChainFacts {
  /** Confirmed transactions that spend a watched output, by height and txid. A reorganisation drops the newest. */
  readonly transactions: readonly ConfirmedTx[]
  /** 32 bytes each: preimages read off witnesses, confirmed or not. Never forgotten. */
  readonly preimages: ReadonlyMap<PaymentHash, Uint8Array>
  /** All HTLCs that stood on the revoked commitment that confirmed, as the archive gave them. */
  readonly revoked?: RevokedHtlcs
}

export interface ConfirmedTx {
  readonly txid: Txid
  readonly tx: Tx
  readonly height: number
}

export interface RevokedHtlcs {
  readonly commitmentNumber: number
  readonly htlcs: readonly ChannelHtlc[]
}

/** A transaction of ours that resolves outputs of this channel. */
export interface Claim {
  readonly txid: Txid
  readonly tx: Tx
  readonly role: ClaimRole
  /** The wallet coins among its inputs. */
  readonly feeCoins: readonly SpentCoin[]
}

export interface SpentCoin {
  readonly outpoint: OutPoint
  readonly script: Uint8Array
}

/** What a transaction of ours is for. `claim`: money that is ours after a delay, by a preimage, or by an expiry. `anchor`: pays for our commitment. */
export type ClaimRole = 'claim' | 'penalty' | 'htlc-timeout' | 'htlc-success' | 'anchor'
export type PublishRole = ClaimRole | 'commitment' | 'mutual-close'

// ---------------------------------------------------------------------------------------------------------------------
// In and out.

export type OnchainInput =
  /** A confirmed transaction spends a watched outpoint, in the block at `height`. Repeated reports change nothing. */
  | { readonly type: 'spent'; readonly outpoint: OutPoint; readonly tx: Tx; readonly height: number }
  /** An unconfirmed transaction spends a watched outpoint: it may show preimages, or be a revoked commitment. Optional, and not to be trusted. */
  | { readonly type: 'unconfirmed_spend'; readonly tx: Tx }
  /** The chain is `context.height` blocks long now; all spends up to there have been reported. Publishes again what is due. */
  | { readonly type: 'block' }
  /** The blocks above `height` are undone. The new branch then comes as spends and blocks. */
  | { readonly type: 'reorg'; readonly height: number }
  /** `context.view` has changed: a preimage, a commitment, a wish to close. */
  | { readonly type: 'view_updated' }
  /** The answer to `load_revoked_htlcs`: all HTLCs, trimmed or not, that stood on the peer's commitment of this number. */
  | { readonly type: 'revoked_htlcs'; readonly commitmentNumber: number; readonly htlcs: readonly ChannelHtlc[] }
  /** The first input of a new channel, and after each start: asks for every watch and publishes what is due. */
  | { readonly type: 'started' }

/** All that enforcement can do to the world. They are carried out in order, after the writes of the step are durable. */
export type OnchainEffect =
  /** `replaces`: a transaction of ours that is out, and whose place this one takes (BIP 125). */
  | {
      readonly type: 'publish'
      readonly tx: Tx
      readonly role: PublishRole
      readonly replaces?: Txid
      /** An unconfirmed one that it pays for. */
      readonly parent?: Tx
      /** It spends what no block holds yet, and is no claim before one does. */
      readonly isAhead?: true
    }
  /** A transaction of ours that is out can never confirm: what it spends of the wallet is free again. */
  | { readonly type: 'withdraw'; readonly txid: Txid }
  /**
   * Report `spent` for this outpoint, also where that has happened already (a commitment and what spends it may share a block).
   * Asking again for the same outpoint changes nothing.
   */
  | { readonly type: 'watch'; readonly outpoint: OutPoint; readonly script: Uint8Array }
  /** Answer with `revoked_htlcs`. Asked again after each start and each block until it is answered. */
  | { readonly type: 'load_revoked_htlcs'; readonly commitmentNumber: number }
  | { readonly type: 'event'; readonly event: OnchainEvent }

/**
 * Which commitment transaction confirmed. `future`: one of the peer's that is newer than all we know, so we lost data.
 * `own_future`: such a one of ours, which we published before we lost it.
 */
export type CommitmentName = 'local' | 'remote' | 'remote_next' | 'revoked' | 'future' | 'own_future'

/** What the floors above want to know; `sentence` is for people. Consumed within the same turn. */
export type OnchainEvent = OnchainEventFacts & { readonly sentence: string }

export type OnchainEventFacts =
  | {
      readonly type: 'commitment_confirmed'
      readonly which: CommitmentName
      readonly commitmentNumber: number
      readonly txid: Txid
      readonly height: number
    }
  | { readonly type: 'mutual_close_confirmed'; readonly txid: Txid; readonly height: number }
  /** The peer cheated: a penalty follows. */
  | { readonly type: 'revoked_commitment'; readonly commitmentNumber: number; readonly txid: Txid }
  /** The same, while it waits for a block: its penalty waits beside it. */
  | { readonly type: 'revoked_commitment_waits'; readonly commitmentNumber: number; readonly txid: Txid }
  /** The commitment is newer than our state: our main output is taken, HTLCs cannot be. */
  | { readonly type: 'data_loss'; readonly commitmentNumber: number; readonly txid: Txid }
  /** The funding output was spent by something that we cannot explain: a key of ours has leaked, or an old backup of ours runs elsewhere. */
  | { readonly type: 'unknown_spend'; readonly txid: Txid }
  /**
   * A preimage was read off a transaction. `htlcs` are all HTLCs with its hash on any commitment that is valid or confirmed;
   * those that we offered are to be fulfilled upstream at once.
   */
  | {
      readonly type: 'preimage_found'
      readonly paymentHash: PaymentHash
      readonly paymentPreimage: Uint8Array
      readonly htlcs: readonly HtlcRef[]
    }
  /**
   * An HTLC that we offered will not be fulfilled any more: its output came back to us, or the confirmed commitment has none for
   * it, and that is `SAFE_DEPTH` deep; or its output is worth so little that nobody took it. It is to be failed upstream.
   */
  | {
      readonly type: 'htlc_timed_out'
      readonly htlc: ChannelHtlc
      readonly cause: 'output_taken_back' | 'no_output' | 'given_up'
    }
  /**
   * Nobody here can say whether an HTLC that we offered was paid, and nobody waits for it any more; it may still turn out. `unclaimed`:
   * `LEFT_AFTER_BLOCKS` after its expiry there is no coin for the fee of taking it back, or nothing to take it back from. `untold`: it stands in records that are an old
   * copy. It is not to be failed upstream.
   */
  | { readonly type: 'htlc_unknown'; readonly htlc: ChannelHtlc; readonly cause: 'unclaimed' | 'untold' }
  /** We took an HTLC that we received, with its preimage, and that is `SAFE_DEPTH` deep. */
  | { readonly type: 'htlc_claimed'; readonly htlc: ChannelHtlc }
  /** An HTLC that we received went back to the peer, and that is `SAFE_DEPTH` deep. */
  | { readonly type: 'htlc_returned'; readonly htlc: ChannelHtlc }
  /** An output is worth less than its claim costs at the current feerate. It is looked at again in each block. */
  | { readonly type: 'claim_not_worthwhile'; readonly outpoint: OutPoint; readonly amountSat: Sat }
  /** Nobody waits for this output any more: the same `LEFT_AFTER_BLOCKS` later, or it is worth less at any feerate. */
  | {
      readonly type: 'claim_given_up'
      readonly outpoint: OutPoint
      readonly amountSat: Sat
      readonly why: 'waited' | 'hopeless'
    }
  /** No wallet coin is there to pay for an HTLC transaction without a fee of its own: at least `feeSat` are needed. */
  | { readonly type: 'fee_coin_missing'; readonly htlc: ChannelHtlc; readonly feeSat: Sat }
  /** Our commitment pays less than it should, and no wallet coin is there for a child that pays for it: at least `feeSat` are needed. */
  | { readonly type: 'anchor_coin_missing'; readonly txid: Txid; readonly feeSat: Sat }
  /** Every output is irrevocably resolved or given up. The state can be deleted. */
  | { readonly type: 'resolved' }

/** Records put or deleted in the store; all of one step are committed together. Keys are relative to the channel's enforcement. */
export type OnchainWrite =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: string }

export interface OnchainStep {
  readonly next: OnchainState
  readonly writes: readonly OnchainWrite[]
  readonly effects: readonly OnchainEffect[]
}

/** Nothing was seen yet. */
export const emptyOnchainState: OnchainState = {
  facts: { transactions: [], preimages: new Map() },
  claims: [],
  reported: [],
}
