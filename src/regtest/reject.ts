import { err } from '../base/index.ts'

// Why a transaction or a block was refused, in the words that Bitcoin Core uses.

/** Core's reject reasons, spelled as in its RPC answers. */
export type RejectReason =
  // Transactions, consensus (CheckTransaction, CheckTxInputs).
  | 'bad-txns-vin-empty'
  | 'bad-txns-vout-empty'
  | 'bad-txns-oversize'
  | 'bad-txns-vout-negative'
  | 'bad-txns-vout-toolarge'
  | 'bad-txns-txouttotal-toolarge'
  | 'bad-txns-inputs-duplicate'
  | 'bad-txns-prevout-null'
  | 'bad-cb-length'
  | 'bad-txns-inputs-missingorspent'
  | 'bad-txns-premature-spend-of-coinbase'
  | 'bad-txns-in-belowout'
  // Transactions, when they may be mined.
  | 'non-final'
  | 'non-BIP68-final'
  // Transactions, relay policy.
  | 'coinbase'
  | 'version'
  | 'tx-size'
  | 'tx-size-small'
  | 'scriptsig-size'
  | 'scriptsig-not-pushonly'
  | 'scriptpubkey'
  | 'multi-op-return'
  | 'dust'
  | 'missing-ephemeral-spends'
  | 'bad-txns-nonstandard-inputs'
  | 'bad-witness-nonstandard'
  | 'bad-txns-too-many-sigops'
  | 'min relay fee not met'
  | 'mempool min fee not met'
  | 'mempool full'
  | 'too-long-mempool-chain'
  | 'TRUC-violation'
  // Transactions, against the mempool.
  | 'txn-already-in-mempool'
  | 'txn-same-nonwitness-data-in-mempool'
  | 'txn-already-known'
  | 'txn-mempool-conflict'
  | 'bip125-replacement-disallowed'
  | 'bad-txns-spends-conflicting-tx'
  | `insufficient fee${SiblingNote}`
  | `too many potential replacements${SiblingNote}`
  | `replacement-adds-unconfirmed${SiblingNote}`
  // Scripts: the words in brackets are Core's ScriptErrorString.
  | `mandatory-script-verify-flag-failed (${string})`
  | `non-mandatory-script-verify-flag (${string})`
  // Packages.
  | 'package-not-child-with-parents'
  | 'package-too-many-transactions'
  | 'package-too-large'
  | 'package-contains-duplicates'
  | 'package-not-sorted'
  | 'conflict-in-package'
  | 'package-mempool-limits'
  | 'transaction failed'
  | `package RBF failed: ${string}`
  // Blocks.
  | 'duplicate'
  | 'duplicate-invalid'
  | 'prev-blk-not-found'
  | 'bad-prevblk'
  | 'high-hash'
  | 'bad-diffbits'
  | 'bad-txnmrklroot'
  | 'bad-txns-duplicate'
  | 'bad-blk-length'
  | 'bad-blk-sigops'
  | 'bad-blk-weight'
  | 'bad-cb-missing'
  | 'bad-cb-multiple'
  | 'bad-cb-height'
  | 'bad-cb-amount'
  | 'bad-txns-nonfinal'
  | 'bad-txns-BIP30'
  | 'bad-witness-nonce-size'
  | 'bad-witness-merkle-match'
  | 'unexpected-witness'
  | 'time-too-old'
  | 'time-too-new'
  | `bad-version(${string})`
  // Ours: the miner's own wallet has no such sum.
  | 'not-enough-miner-coins'

type SiblingNote = '' | ' (including sibling eviction)'

export interface Reject {
  readonly reason: RejectReason
  /** A sentence with what was expected and what came. */
  readonly details: string
}

/** A refusal as a failed `Result`. */
export function reject(reason: RejectReason, details: string): { readonly ok: false; readonly error: Reject } {
  return err({ reason, details })
}
