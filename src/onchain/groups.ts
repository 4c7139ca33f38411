import { defined, feeForWeight } from '../base/index.ts'
import { buildSweep, inputWeight, sweepWeight, sweepYieldSat } from './claimTx.ts'
import { MAX_CLAIM_WEIGHT, SPLIT_BLOCKS } from './limits.ts'
import type { DirectPath, HtlcTxPath } from './spendPath.ts'
import type { Claim, OnchainContext, OnchainEventFacts } from './types.ts'

// Which outputs are swept together. One transaction for many is cheaper, but whoever can spend one of its inputs can keep all
// of it from confirming (BOLT 5, revoked transaction close handling).

export interface Sweeps {
  readonly claims: readonly Claim[]
  /** Outputs that are left, because they are worth less than their claim. */
  readonly troubles: readonly OnchainEventFacts[]
}

/** Sweeps of all these outputs: contested ones each alone, the others together by what they are for. */
export function groupSweeps(paths: readonly DirectPath[], context: OnchainContext): Sweeps {
  const groups: DirectPath[][] = []
  const batches = new Map<string, DirectPath[]>()
  for (const path of paths) {
    const kind = `${path.role} ${path.way.startsWith('htlc') ? 'htlc' : 'main'}`
    const batch = batches.get(kind)
    if (isContested(path, context)) groups.push([path])
    else if (batch === undefined) batches.set(kind, [path])
    else batch.push(path)
  }
  const made = [...groups, ...batches.values()].map(group => sweepGroup(group, context))
  return { claims: made.flatMap(({ claims }) => claims), troubles: made.flatMap(({ troubles }) => troubles) }
}

/**
 * Whether the peer can spend the output too, now or soon, by a transaction that it may make as large and slow as it likes: with
 * anchors an HTLC of ours by its preimage, and any HTLC near its expiry.
 */
export function isContested(path: DirectPath | HtlcTxPath, { view, height }: OnchainContext): boolean {
  if (path.htlc === undefined || path.way.startsWith('second_stage')) return false
  const byPreimage = view.format === 'anchors_zero_fee_htlc' && path.htlc.offeredBy === 'local'
  return byPreimage || path.htlc.cltvExpiry <= height + SPLIT_BLOCKS
}

function sweepGroup(group: readonly DirectPath[], context: OnchainContext): Sweeps {
  const { feeratePerKw, destinationScript, secrets } = context
  const pays = (path: DirectPath): boolean =>
    path.amountSat > feeForWeight(feeratePerKw, inputWeight(path, destinationScript))
  const left = group.filter(path => !pays(path))
  const claims: Claim[] = []
  for (const batch of byWeight(group.filter(pays), destinationScript)) {
    const yieldSat = sweepYieldSat(batch, { feeratePerKw, destinationScript })
    if (yieldSat === undefined) left.push(...batch)
    else {
      const { role } = defined(batch[0], 'a batch is never empty')
      claims.push(buildSweep(batch, role, { yieldSat, destinationScript, secrets }))
    }
  }
  const troubles = left.map(
    ({ outpoint, amountSat }): OnchainEventFacts => ({ type: 'claim_not_worthwhile', outpoint, amountSat }),
  )
  return { claims, troubles }
}

/** As many together as fit into one transaction. */
function byWeight(paths: readonly DirectPath[], destinationScript: Uint8Array): readonly (readonly DirectPath[])[] {
  const batches: DirectPath[][] = []
  let batch: DirectPath[] = []
  let weight = 0
  for (const path of paths) {
    const more = inputWeight(path, destinationScript)
    if (batch.length === 0 || weight + more > MAX_CLAIM_WEIGHT) {
      batch = []
      batches.push(batch)
      // Counts of more than 252 inputs take two bytes more, outside the witness.
      weight = sweepWeight([path], destinationScript) + 8
    } else weight += more
    batch.push(path)
  }
  return batches
}
