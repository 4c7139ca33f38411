import type { Txid } from '../base/index.ts'
import { type Tx, txid, txWeight, type Wtxid, wtxid } from '../bitcoin/index.ts'

/** What is derived from a transaction's bytes and asked for again and again. */
export interface TxFacts {
  readonly txid: Txid
  readonly wtxid: Wtxid
  readonly weight: number
}

// Transactions never change, so the object itself is the key.
const known = new WeakMap<Tx, TxFacts>()

export function txFacts(tx: Tx): TxFacts {
  let facts = known.get(tx)
  if (facts === undefined) {
    facts = { txid: txid(tx), wtxid: wtxid(tx), weight: txWeight(tx) }
    known.set(tx, facts)
  }
  return facts
}
