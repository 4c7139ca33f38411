import { ok, outPointKey, type Result, type Txid } from '../../base/index.ts'
import type { Tx } from '../../bitcoin/index.ts'
import type { RelayPolicy } from '../params.ts'
import { type Reject, reject } from '../reject.ts'
import { txFacts } from '../txFacts.ts'
import { dustOutputs } from './policy.ts'

// Ephemeral dust: an output below the threshold is let in where nobody gains by mining its transaction alone, and where
// whatever spends from that transaction takes the dust along. So it never reaches the coins.

/** A transaction with dust pays no fee itself. */
export function checkDustFee(tx: Tx, feeSat: bigint, policy: RelayPolicy): Result<true, Reject> {
  const dust = dustOutputs(tx, policy)
  if (feeSat === 0n || dust.length === 0) return ok(true)
  return reject(
    'dust',
    `tx with dust output must be 0-fee: output ${dust.join(', ')} is dust, the fee is ${feeSat} sat`,
  )
}

/** Who spends from an unconfirmed parent spends all of its dust. */
export function checkDustSpent(
  tx: Tx,
  parentOf: (txid: Txid) => Tx | undefined,
  policy: RelayPolicy,
): Result<true, Reject> {
  const spent = new Set(tx.inputs.map(input => outPointKey(input.outpoint)))
  for (const txid of new Set(tx.inputs.map(input => input.outpoint.txid))) {
    const parent = parentOf(txid)
    if (parent === undefined) continue
    const missed = dustOutputs(parent, policy).find(vout => !spent.has(outPointKey({ txid, vout })))
    if (missed === undefined) continue
    return reject(
      'missing-ephemeral-spends',
      `tx ${txFacts(tx).txid} did not spend parent's ephemeral dust: output ${missed} of ${txid}`,
    )
  }
  return ok(true)
}
