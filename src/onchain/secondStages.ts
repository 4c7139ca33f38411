import { outPointKey } from '../base/index.ts'
import { bidFor } from './bids.ts'
import { isContested } from './contested.ts'
import type { Floors } from './floors.ts'
import { buildHtlcClaim, type HtlcClaim } from './htlcClaim.ts'
import type { HtlcTxPath } from './spendPath.ts'
import type { Claim, FeeCoin, OnchainContext, OnchainEventFacts } from './types.ts'

// The HTLC transactions of our own commitment, and the wallet's coins that pay for them.

export interface SecondStages {
  readonly claims: readonly Claim[]
  /** What cannot be claimed, and why. */
  readonly troubles: readonly OnchainEventFacts[]
}

interface Means {
  /** Free ones. */
  readonly coins: readonly FeeCoin[]
  readonly context: OnchainContext
  readonly floors: Floors
}

/**
 * HTLCs that only we can take share a transaction, and so its coin and change; the others are claimed each alone, the largest first:
 * where coins are scarce, they go where they save most.
 */
export function claimSecondStages(paths: readonly HtlcTxPath[], { coins, context, floors }: Means): SecondStages {
  const taken = new Set<string>()
  const claims: Claim[] = []
  const troubles: OnchainEventFacts[] = []
  const build = (group: readonly HtlcTxPath[]): HtlcClaim => {
    const free = coins.filter(({ outpoint }) => !taken.has(outPointKey(outpoint)))
    const made = buildHtlcClaim(group, free, context, bidFor(group, context, floors.of(group)))
    if (made.type === 'built') {
      claims.push(made.claim)
      for (const coin of made.claim.feeCoins) taken.add(outPointKey(coin.outpoint))
    }
    return made
  }
  for (const group of grouped(paths, context)) {
    if (group.length > 1 && build(group).type === 'built') continue
    for (const path of group) {
      const made = build([path])
      if (made.type === 'no_coins') troubles.push({ type: 'fee_coin_missing', htlc: path.htlc, feeSat: made.feeSat })
      if (made.type === 'not_worthwhile') {
        troubles.push({ type: 'claim_not_worthwhile', outpoint: path.outpoint, amountSat: path.amountSat })
      }
    }
  }
  return { claims, troubles }
}

/** A success has no locktime, so that any two of them go together; a timeout is contested as long as anyone may know the preimage. */
function grouped(paths: readonly HtlcTxPath[], context: OnchainContext): readonly (readonly HtlcTxPath[])[] {
  const ordered = paths.toSorted((a, b) => Number(b.amountSat - a.amountSat))
  const mayShare = (path: HtlcTxPath): boolean =>
    context.view.format === 'anchors_zero_fee_htlc' && path.way === 'htlc_success' && !isContested(path, context)
  const shared = ordered.filter(mayShare)
  const alone = ordered.filter(path => !mayShare(path)).map(path => [path])
  return shared.length === 0 ? alone : [shared, ...alone]
}
