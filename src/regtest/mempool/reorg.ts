import { outPointKey, type Txid } from '../../base/index.ts'
import type { Tx } from '../../bitcoin/index.ts'
import { isFinalForNext } from '../ledger.ts'
import { satisfiesLock, sequenceLock } from '../locks.ts'
import { COINBASE_MATURITY } from '../params.ts'
import { txFacts } from '../txFacts.ts'
import { admit, judgeTransaction } from './accept.ts'
import type { MempoolEntry } from './pool.ts'
import { type MempoolContext, SINGLE } from './workspace.ts'

// What blocks do to the waiting transactions.

/** A block was connected: what it holds waits no longer, and what it contradicts never will be mined. */
export function removeForBlock({ pool }: MempoolContext, transactions: readonly Tx[]): void {
  for (const tx of transactions) {
    const { txid } = txFacts(tx)
    if (pool.has(txid)) pool.remove([txid])
    pool.remove(pool.withDescendants(pool.conflictsOf(tx)))
  }
}

/** The best branch changed: what was mined only on the old one waits again, and what has become invalid goes. */
export function resurrect(context: MempoolContext, disconnected: readonly Tx[]): void {
  for (const tx of disconnected) {
    const accepted = judgeTransaction(context, tx, { ...SINGLE, fromBlock: true })
    // Refused are those that the new branch holds too, or contradicts, or whose locks it has not reached.
    if (accepted.ok) admit(context, accepted.value)
  }
  const { pool } = context
  const bad = [...pool.entries()].filter(entry => !stillValid(context, entry)).map(entry => entry.txid)
  pool.remove(pool.withDescendants(bad))
  pool.remove(pool.withDescendants(tooDeep(context)))
}

function stillValid({ pool, ledger }: MempoolContext, { tx }: MempoolEntry): boolean {
  const { tip } = ledger
  const nextHeight = tip.height + 1
  const heights: number[] = []
  for (const { outpoint } of tx.inputs) {
    const coin = ledger.get(outPointKey(outpoint))
    if (coin === undefined && !pool.has(outpoint.txid)) return false
    if (coin?.coinbase && nextHeight - coin.height < COINBASE_MATURITY) return false
    heights.push(coin?.height ?? nextHeight)
  }
  return isFinalForNext(tx, tip) && satisfiesLock(sequenceLock(tx, heights, tip), tip)
}

/** Chains that grew too long because their beginning came back. */
function tooDeep({ pool, policy }: MempoolContext): readonly Txid[] {
  return [...pool.entries()]
    .map(entry => entry.txid)
    .filter(txid => {
      const chain = pool.withAncestors([txid])
      return chain.size > policy.maxAncestors || pool.vsizeOf(chain) > policy.maxAncestorVsize
    })
}
