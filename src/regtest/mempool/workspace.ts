import type { Txid } from '../../base/index.ts'
import type { Tx } from '../../bitcoin/index.ts'
import type { ScriptJudge } from '../judge.ts'
import type { Ledger } from '../ledger.ts'
import type { RelayPolicy } from '../params.ts'
import type { TxFacts } from '../txFacts.ts'
import type { Coin } from '../utxo.ts'
import type { Mempool } from './pool.ts'

/** What the mempool's rules look at. */
export interface MempoolContext {
  readonly pool: Mempool
  readonly ledger: Ledger
  readonly judge: ScriptJudge
  readonly policy: RelayPolicy
  /** What a full mempool asks for at the moment, in sat per 1000 virtual bytes; 0 when it is not full. */
  readonly mempoolMinFeeSatPerKvB: bigint
}

/** How strict to be with one transaction. */
export interface AcceptMode {
  /** Parents in the same package, not in the mempool yet. */
  readonly packageParents: ReadonlyMap<Txid, Tx>
  /** The package as a whole has to pay, not each of its transactions. */
  readonly packageFeerates: boolean
  /** A TRUC child may push out its sibling. */
  readonly siblingEviction: boolean
  /** It has been in a block: no fee, no limit and no replacement rule stands in its way. */
  readonly fromBlock: boolean
}

export const SINGLE: AcceptMode = {
  packageParents: new Map(),
  packageFeerates: false,
  siblingEviction: true,
  fromBlock: false,
}

/** A transaction on its way in, and what has been found out about it. */
export interface Workspace {
  readonly tx: Tx
  readonly facts: TxFacts
  readonly coins: readonly Coin[]
  readonly feeSat: bigint
  readonly vsize: number
  /** Waiting transactions that it spends directly. */
  readonly parents: ReadonlySet<Txid>
  /** All waiting transactions that it rests on. */
  readonly ancestors: ReadonlySet<Txid>
  /** Waiting transactions that it would push out, descendants not counted. */
  readonly conflicts: ReadonlySet<Txid>
  /** One of the conflicts is a TRUC sibling, not a double spend. */
  readonly evictsSibling: boolean
}
