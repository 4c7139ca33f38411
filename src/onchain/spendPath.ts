import type { OutPoint, PaymentHash, Sat } from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'
import type { HtlcTx } from '../commitment/index.ts'
import type { ChannelHtlc, CommitmentName, Party, PublishRole } from './types.ts'

/** One way in which one party may spend one output: a row of what may happen on chain. */
export type SpendPath = DirectPath | HtlcTxPath | TransactionPath

interface PathBase {
  readonly party: Party
  readonly outpoint: OutPoint
  /** What the output holds. */
  readonly amountSat: Sat
  /** Of the output. */
  readonly script: Uint8Array
  readonly role: PublishRole
  /** On which transaction the output is. */
  readonly on: CommitmentName | 'mutual_close' | 'funding'
  /** False where the transaction that holds the output has not confirmed. */
  readonly confirmed: boolean
  /** The height of the first block that may hold the spend; where `confirmed` is false, if its parent is in the next block. */
  readonly earliestHeight: number
  /** Whether the next block may hold the spend: the locks have run out and no preimage is missing. */
  readonly available: boolean
  /** The height of the first block in which somebody else may have taken it, or in which it comes too late for those upstream. */
  readonly deadline?: number
  /** What the party gets: before the fee of a claim, after the fee of a transaction that is signed already. */
  readonly yieldSat: Sat
  /** The HTLC that is at stake. */
  readonly htlc?: ChannelHtlc
  /** Where the way needs one: `known` is what anyone has told us, for the peer's ways too. */
  readonly preimage?: { readonly paymentHash: PaymentHash; readonly known?: Uint8Array }
}

/** By a transaction of the party's own making. */
export interface DirectPath extends PathBase {
  readonly way: DirectWay
  readonly role: 'claim' | 'penalty'
  readonly key: SpendKey
  /** 33 bytes; absent where anyone may spend. */
  readonly pubkey?: Uint8Array
  /** Absent for P2WPKH. */
  readonly witnessScript?: Uint8Array
  /** The input's sequence: a relative lock (BIP 68), or none and replaceable. */
  readonly sequence: number
  /** The least locktime of the transaction. */
  readonly locktime: number
}

/** Each names the output and the branch of its script. `revoked`: by the revocation key. */
export type DirectWay =
  | 'to_local'
  | 'to_remote'
  | 'anchor'
  | 'anchor_anyone'
  | 'htlc_preimage'
  | 'htlc_expired'
  | 'second_stage'
  | 'to_local_revoked'
  | 'htlc_revoked'
  | 'second_stage_revoked'

/** By the HTLC transaction that the counterparty has signed. */
export interface HtlcTxPath extends PathBase {
  readonly way: 'htlc_timeout' | 'htlc_success'
  readonly role: 'htlc-timeout' | 'htlc-success'
  readonly key: SpendKey
  readonly pubkey: Uint8Array
  readonly htlc: ChannelHtlc
  /** Absent for a revoked commitment, whose feerate is forgotten: then the yield is an upper bound. */
  readonly htlcTx?: HtlcTx
  /** 64 bytes; only ours to use, so absent for the peer's ways. */
  readonly counterpartySignature?: Uint8Array
}

/** By a transaction of both: a commitment or mutual close, which spends the funding output, or the wallet's part of the latter. */
export interface TransactionPath extends PathBase {
  readonly way: 'commitment' | 'mutual_close' | 'mutual_close_output'
  readonly role: 'commitment' | 'mutual-close'
  /** What is published; nothing more needs to be for `mutual_close_output`. */
  readonly tx: Tx
}

/** Whose secret signs; `point`: the per-commitment point of the commitment. */
export type SpendKey =
  | { readonly type: 'delayed' | 'htlc'; readonly point: Uint8Array }
  | { readonly type: 'payment' | 'funding' }
  | { readonly type: 'revocation'; readonly perCommitmentSecret: Uint8Array }
  | { readonly type: 'anyone' }

/** Whether the party makes the transaction itself. */
export function isDirect(path: DirectPath | HtlcTxPath): path is DirectPath {
  return 'sequence' in path
}
