import type { FeeratePerKw, OutPoint, Sat, Txid } from '../base/index.ts'

// What a channel could do on chain, and what became of its outputs, in words for people.

export interface ExplainedSpend {
  readonly sentence: string
  readonly amountSat: Sat
  /** Possible now; else `afterHeight` says from which block on, where that is known. */
  readonly now: boolean
  readonly afterHeight: number | undefined
}

export interface ExplainedOutput {
  readonly outpoint: OutPoint
  readonly amountSat: Sat
  /** Whose it is, in words. */
  readonly what: string
  /** While no block spends it. */
  readonly ways: readonly (ExplainedSpend & { readonly by: 'us' | 'peer' })[]
  readonly spending: ExplainedSpending | undefined
  /** What has to come next, in words. */
  readonly awaited: string
}

/** A transaction that spends an output: of whomever where it is confirmed, else of ours. */
export interface ExplainedSpending {
  readonly txid: Txid
  /** What it is for, where it is ours and waits for a block. */
  readonly role: string | undefined
  readonly confirmedHeight: number | undefined
  /** Where the amounts of all of its inputs are known. */
  readonly feeSat: Sat | undefined
  readonly feeratePerKw: FeeratePerKw | undefined
}
