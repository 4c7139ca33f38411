import { defined, feeForWeight, type Sat, sat } from '../base/index.ts'
import { dustLimitSat } from '../bitcoin/index.ts'
import { bidFor } from './bids.ts'
import { buildSweep, inputWeight, sweepWeight, sweepYieldSat } from './claimTx.ts'
import { isContested } from './contested.ts'
import type { Floors } from './floors.ts'
import { MAX_CLAIM_WEIGHT } from './limits.ts'
import type { DirectPath } from './spendPath.ts'
import type { Claim, OnchainContext, OnchainEventFacts } from './types.ts'

// Which outputs are swept together. One transaction for many is cheaper, but whoever can spend one of its inputs can keep all
// of it from confirming (BOLT 5, revoked transaction close handling).

export interface Sweeps {
  readonly claims: readonly Claim[]
  /** Outputs that are left, because they are worth less than their claim. */
  readonly troubles: readonly OnchainEventFacts[]
}

/** Sweeps of all these outputs: contested ones each alone, the others together by what they are for. */
export function groupSweeps(paths: readonly DirectPath[], context: OnchainContext, floors?: Floors): Sweeps {
  const groups: DirectPath[][] = []
  const batches = new Map<string, DirectPath[]>()
  for (const path of paths) {
    const kind = `${path.role} ${path.way.startsWith('htlc') ? 'htlc' : 'main'}`
    const batch = batches.get(kind)
    if (isContested(path, context)) groups.push([path])
    else if (batch === undefined) batches.set(kind, [path])
    else batch.push(path)
  }
  const made = [...groups, ...batches.values()].map(group => sweepGroup(group, context, floors))
  return { claims: made.flatMap(({ claims }) => claims), troubles: made.flatMap(({ troubles }) => troubles) }
}

function sweepGroup(group: readonly DirectPath[], context: OnchainContext, floors: Floors | undefined): Sweeps {
  const { feeratePerKw, destinationScript, secrets } = context
  const pays = (path: DirectPath): boolean =>
    path.amountSat > feeForWeight(feeratePerKw, inputWeight(path, destinationScript))
  const left = group.filter(path => !pays(path))
  const claims: Claim[] = []
  for (const batch of byWeight(group.filter(pays), destinationScript)) {
    const marketSat = sweepYieldSat(batch, { feeratePerKw, destinationScript })
    if (marketSat === undefined) left.push(...batch)
    else {
      const yieldSat = dearerYield(batch, context, floors) ?? marketSat
      const { role } = defined(batch[0], 'a batch is never empty')
      claims.push(buildSweep(batch, role, { yieldSat, destinationScript, secrets }))
    }
  }
  const troubles = left.map(
    ({ outpoint, amountSat }): OnchainEventFacts => ({ type: 'claim_not_worthwhile', outpoint, amountSat }),
  )
  return { claims, troubles }
}

/** After what the deadlines of these outputs and earlier bids ask on top of the market; nothing where that would leave dust. */
function dearerYield(
  paths: readonly DirectPath[],
  context: OnchainContext,
  floors: Floors | undefined,
): Sat | undefined {
  const { destinationScript } = context
  const fee = bidFor(paths, context, floors?.of(paths))(sweepWeight(paths, destinationScript))
  const held = paths.reduce((sum, path) => sum + path.amountSat, 0n)
  return held - fee < dustLimitSat(destinationScript) ? undefined : sat(held - fee)
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
