import { ok, type Result } from '../base/index.ts'
import { type Tx, txid } from '../bitcoin/index.ts'
import type { RegtestChain } from './chain.ts'
import type { Reject } from './reject.ts'

/**
 * Gives a transaction to the mempool, unless it is there or in a block already. `parent`: an unconfirmed one that it pays for; what became
 * of that is seen by what becomes of its child.
 */
export function offer(chain: RegtestChain, tx: Tx, parent?: Tx): Result<'known' | 'accepted', Reject> {
  const id = txid(tx)
  if (chain.transaction(id) !== undefined) return ok('known')
  if (parent !== undefined) {
    chain.submitPackage([parent, tx])
    if (chain.transaction(id) !== undefined) return ok('accepted')
  }
  const submitted = chain.submit(tx)
  return submitted.ok ? ok('accepted') : submitted
}
