import { defined, ok, type Result, type Txid } from '../../base/index.ts'
import { feeAtRate, MAX_REPLACEMENT_EVICTIONS } from '../params.ts'
import { type Reject, reject } from '../reject.ts'
import type { MempoolContext, Workspace } from './workspace.ts'

// When a newcomer may push out what it double spends (BIP 125 as Core 28 and later apply it: no signal needed).

/** All that has to go for the newcomer: its conflicts and whatever rests on them. */
export function checkReplacement(context: MempoolContext, newcomer: Workspace): Result<ReadonlySet<Txid>, Reject> {
  const rate = checkFeerate(context, newcomer)
  if (!rate.ok) return rate
  const evicted = checkEvictions(context, newcomer)
  if (!evicted.ok) return evicted
  const inputs = checkNewInputs(context, newcomer)
  if (!inputs.ok) return inputs
  const evictedFees = context.pool.feesOf(evicted.value)
  const pays = feeFault(context, { feeSat: newcomer.feeSat, vsize: newcomer.vsize, evictedFees })
  if (pays !== undefined) return reject(`insufficient fee${note(newcomer)}`, replacing(newcomer, pays))
  return evicted
}

/** Satoshis per 1000 virtual bytes, rounded down: the precision in which Core compares feerates. */
function feerateOf(entry: { readonly feeSat: bigint; readonly vsize: number }): bigint {
  return (entry.feeSat * 1000n) / BigInt(entry.vsize)
}

/** BIP 125, rules 3 and 4: more than what is lost, and the relay of the newcomer on top. */
export function feeFault(
  { policy }: MempoolContext,
  sums: { readonly feeSat: bigint; readonly vsize: number; readonly evictedFees: bigint },
): string | undefined {
  const { feeSat, vsize, evictedFees } = sums
  if (feeSat < evictedFees) return `less fees than conflicting txs; ${feeSat} sat < ${evictedFees} sat`
  const own = feeAtRate(policy.incrementalRelayFeeSatPerKvB, vsize)
  if (feeSat - evictedFees >= own) return undefined
  return `not enough additional fees to relay; ${feeSat - evictedFees} sat < ${own} sat`
}

/** The feerate is above that of each transaction that is replaced directly. */
function checkFeerate({ pool }: MempoolContext, newcomer: Workspace): Result<true, Reject> {
  const rate = feerateOf(newcomer)
  for (const txid of newcomer.conflicts) {
    const old = feerateOf(defined(pool.get(txid), `${txid} is not in the mempool`))
    if (rate > old) continue
    const fault = `new feerate ${rate} sat/kvB <= old feerate ${old} sat/kvB`
    return reject(`insufficient fee${note(newcomer)}`, replacing(newcomer, fault))
  }
  return ok(true)
}

/** BIP 125, rule 5. Descendants shared by several conflicts count for each of them, which keeps the count cheap. */
function checkEvictions({ pool }: MempoolContext, newcomer: Workspace): Result<ReadonlySet<Txid>, Reject> {
  let count = 0
  for (const txid of newcomer.conflicts) count += pool.withDescendants([txid]).size
  if (count <= MAX_REPLACEMENT_EVICTIONS) return ok(pool.withDescendants(newcomer.conflicts))
  const fault = `too many potential replacements (${count} > ${MAX_REPLACEMENT_EVICTIONS})`
  return reject(`too many potential replacements${note(newcomer)}`, replacing(newcomer, fault))
}

/** BIP 125, rule 2: unconfirmed inputs are those of the replaced ones, or spend what those spent from. */
function checkNewInputs({ pool }: MempoolContext, newcomer: Workspace): Result<true, Reject> {
  const allowed = new Set<Txid>()
  for (const txid of newcomer.conflicts) {
    for (const input of pool.get(txid)?.tx.inputs ?? []) allowed.add(input.outpoint.txid)
  }
  for (const [index, { outpoint }] of newcomer.tx.inputs.entries()) {
    if (allowed.has(outpoint.txid) || !pool.has(outpoint.txid)) continue
    const fault = `replacement adds unconfirmed input, idx ${index}`
    return reject(`replacement-adds-unconfirmed${note(newcomer)}`, replacing(newcomer, fault))
  }
  return ok(true)
}

function note(newcomer: Workspace): '' | ' (including sibling eviction)' {
  return newcomer.evictsSibling ? ' (including sibling eviction)' : ''
}

function replacing(newcomer: Workspace, fault: string): string {
  return `rejecting replacement ${newcomer.facts.txid}: ${fault}`
}
