import type { FeeratePerKw, Msat, OutPoint, PaymentHash, Sat, Txid } from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'

// Everything here is told from the side of the commitment's *holder*: the node that may broadcast it. BOLT 3 calls the
// holder "local" and its peer "remote". The same code builds our own commitment (we hold it) and the peer's (it does).

/** Which scripts and fees a commitment has: plain option_static_remotekey, or option_anchors on top of it. */
export type CommitmentFormat = 'static_remotekey' | 'anchors_zero_fee_htlc'

/** The keys of one commitment, 33 bytes each (BOLT 3, key derivation). */
export interface CommitmentKeys {
  readonly holderFundingPubkey: Uint8Array
  readonly counterpartyFundingPubkey: Uint8Array
  readonly revocationPubkey: Uint8Array
  readonly holderDelayedPubkey: Uint8Array
  readonly holderHtlcPubkey: Uint8Array
  readonly counterpartyHtlcPubkey: Uint8Array
  readonly counterpartyPaymentPubkey: Uint8Array
}

export interface CommitmentHtlc {
  /** Offered or received by the holder. */
  readonly direction: 'offered' | 'received'
  readonly id: number
  readonly amountMsat: Msat
  readonly paymentHash: PaymentHash
  readonly cltvExpiry: number
}

/** All that a commitment transaction is made from. */
export interface CommitmentInput {
  readonly format: CommitmentFormat
  readonly fundingOutpoint: OutPoint
  readonly fundingAmountSat: Sat
  /** 0 for the first commitment, up to 2^48 - 1. */
  readonly commitmentNumber: number
  /** 48 bits (`obscuringFactor`). */
  readonly obscuringFactor: bigint
  readonly keys: CommitmentKeys
  /** Whether the holder is the one that pays the fee and the anchors. */
  readonly holderIsOpener: boolean
  /** The delay that the counterparty asked of the holder, in blocks. */
  readonly toSelfDelay: number
  /** The holder's own. */
  readonly dustLimitSat: Sat
  readonly feeratePerKw: FeeratePerKw
  /** Balances before the opener pays the fee and the anchors, without what is in HTLCs. */
  readonly toHolderMsat: Msat
  readonly toCounterpartyMsat: Msat
  readonly htlcs: readonly CommitmentHtlc[]
}

interface Output {
  readonly vout: number
  readonly amountSat: Sat
  readonly script: Uint8Array
}

interface P2wshOutput extends Output {
  readonly witnessScript: Uint8Array
}

/** To the holder, after `to_self_delay` or by revocation. */
export interface ToLocalOutput extends P2wshOutput {
  readonly type: 'to_local'
}

/** To the counterparty: P2WPKH without anchors (no witness script), P2WSH with a delay of one block with them. */
export interface ToRemoteOutput extends Output {
  readonly type: 'to_remote'
  readonly witnessScript: Uint8Array | undefined
}

/** The holder's anchor is the `local_anchor`, the counterparty's the `remote_anchor`. */
export type AnchorOutput = P2wshOutput & ({ readonly type: 'local_anchor' } | { readonly type: 'remote_anchor' })

export interface HtlcOutput extends P2wshOutput {
  readonly type: 'htlc'
  readonly htlc: CommitmentHtlc
}

export type CommitmentOutput = ToLocalOutput | ToRemoteOutput | AnchorOutput | HtlcOutput

/** The script of `to_local`, which is also the one that every second-stage HTLC transaction pays to. */
export interface DelayedScript {
  readonly witnessScript: Uint8Array
  /** The P2WSH output script. */
  readonly script: Uint8Array
}

export interface CommitmentTx {
  readonly input: CommitmentInput
  /** Unsigned. */
  readonly tx: Tx
  readonly txid: Txid
  /** In the order of the transaction (BIP 69, then `cltv_expiry`). */
  readonly outputs: readonly CommitmentOutput[]
  /** The HTLCs that have an output, in output order: the order of the signatures in `commitment_signed`. */
  readonly htlcs: readonly HtlcOutput[]
  /** The HTLCs too small for an output; their amount goes to the fee. */
  readonly trimmedHtlcs: readonly CommitmentHtlc[]
  /** What the transaction really pays: the base fee, trimmed HTLCs, dust balances and fractions of satoshis. */
  readonly feeSat: Sat
  readonly delayed: DelayedScript
}

/** The second stage of one HTLC: HTLC-timeout where the holder offered it, HTLC-success where it received it. */
export interface HtlcTx {
  readonly type: 'htlc_timeout' | 'htlc_success'
  readonly format: CommitmentFormat
  /** The output of the commitment transaction that it spends. */
  readonly spends: HtlcOutput
  /** Unsigned. */
  readonly tx: Tx
  readonly outputWitnessScript: Uint8Array
}

/** The output that a commitment, closing or splice transaction spends. */
export interface FundingOutput {
  readonly outpoint: OutPoint
  readonly amountSat: Sat
  /** Both funding keys, 33 bytes each, in any order. */
  readonly pubkeys: readonly [Uint8Array, Uint8Array]
}

export interface ClosingTx {
  readonly funding: FundingOutput
  /** Unsigned. */
  readonly tx: Tx
  readonly txid: Txid
  /** What the transaction really pays, outputs that were left out included. */
  readonly feeSat: Sat
}
