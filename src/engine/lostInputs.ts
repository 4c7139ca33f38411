import type { Txid } from '../base/index.ts'
import { stepWallet } from './coins.ts'
import type { LostInputs } from './types.ts'
import { act, update, type Work } from './work.ts'

// A transaction of the wallet can lose an input without a block that spends one of our coins: where a reorganisation takes back what
// the input came from. No block says so, only the chain when it is offered the transaction again. Its word is taken once it has been
// the same for some blocks, since what is missing may also be late:
//
//     publish -> inputs_missing, block, publish -> inputs_missing, block, ... -> given up

/** The chain knows no such inputs, neither in blocks nor in its mempool. */
export function inputsMissing(work: Work, txid: Txid): void {
  const height = work.state.blocks.at(-1)?.height
  const own = work.state.wallet.transactions.get(txid)
  if (height === undefined || own === undefined) return
  const before = work.state.lostInputs.get(txid)
  const since = before !== undefined && before.last >= height - 1 ? before.since : height
  if (height < since + work.context.limits.engine.lostInputBlocks) {
    put(work, new Map(work.state.lostInputs).set(txid, { since, last: height }))
    return
  }
  remove(work, txid)
  // Where the wallet sees all of its coins, the chain is wrong, and whoever is asked next may be right.
  stepWallet(work, { type: 'inputs_gone', txid })
}

/** Asks once more about what the chain had no inputs for lately. Cost: one pass over those, which are hardly ever any. */
export function offerAgain(work: Work, height: number): void {
  for (const [txid, { last }] of work.state.lostInputs) {
    const own = work.state.wallet.transactions.get(txid)
    const isOpen = own !== undefined && own.confirmedHeight === undefined && own.conflict === undefined
    if (isOpen && last >= height - work.context.limits.engine.lostInputBlocks) {
      act(work, { type: 'publish', tx: own.tx, role: 'wallet' })
    } else {
      remove(work, txid)
    }
  }
}

function remove(work: Work, txid: Txid): void {
  const left = new Map(work.state.lostInputs)
  if (left.delete(txid)) put(work, left)
}

function put(work: Work, lostInputs: LostInputs): void {
  update(work, { lostInputs })
}
