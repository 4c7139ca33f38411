import { type FeeratePerKw, feeratePerKw, outPointKey } from '../base/index.ts'
import { sweepYieldSat } from './claimTx.ts'
import { leastFeeSat } from './htlcClaim.ts'
import { LEFT_AFTER_BLOCKS, LEFT_FEERATE_PER_KW, LOWEST_FEERATE_PER_KW } from './limits.ts'
import type { SpendPath } from './spendPath.ts'
import type { Claim, OnchainContext } from './types.ts'

// Outputs that are not worth their claims: they are looked at again in each block, but not for ever, or else a few hundred satoshis
// would keep a payment in flight and a channel closing until the end of time (BOLT 5 has no answer to that).

/**
 * Whether we give an unspent output up, of which these are all our ways: each was open to us for `LEFT_AFTER_BLOCKS`, its HTLC has
 * expired as long ago, and even now none pays for itself. What a claim of ours spends already is not given up.
 */
export function isGivenUp(paths: readonly SpendPath[], claims: readonly Claim[], context: OnchainContext): boolean {
  const ways = taken(paths.filter(isOpen))
  const [first] = ways
  if (first === undefined || !ways.every(path => isLeft(path, context))) return false
  const key = outPointKey(first.outpoint)
  return !claims.some(({ tx }) => tx.inputs.some(({ outpoint }) => outPointKey(outpoint) === key))
}

/** Of a cheater's output only the penalty is ever taken: another way may weigh a little less, and would be waited for in vain. */
function taken(ways: readonly SpendPath[]): readonly SpendPath[] {
  const penalties = ways.filter(({ role }) => role === 'penalty')
  return penalties.length === 0 ? ways : penalties
}

/** An anchor holds nothing for us, and what needs a preimage that nobody has told us is no way of ours. */
export function isOpen({ way, preimage }: SpendPath): boolean {
  if (way === 'anchor' || way === 'anchor_anyone') return false
  return preimage === undefined || preimage.known !== undefined
}

function isLeft(path: SpendPath, context: OnchainContext): boolean {
  const since = Math.max(path.earliestHeight, path.htlc?.cltvExpiry ?? 0)
  if (context.height < since + LEFT_AFTER_BLOCKS) return false
  const { feeratePerKw: now } = context
  return !isWorthwhile(path, now < LEFT_FEERATE_PER_KW ? now : feeratePerKw(LEFT_FEERATE_PER_KW), context)
}

/** Not worth its claim at any feerate. */
export function isHopeless(path: SpendPath, context: OnchainContext): boolean {
  return !isWorthwhile(path, feeratePerKw(LOWEST_FEERATE_PER_KW), context)
}

/** Whether a claim of this output alone brings more than it costs. */
function isWorthwhile(path: SpendPath, rate: FeeratePerKw, { destinationScript, view }: OnchainContext): boolean {
  if ('sequence' in path) return sweepYieldSat([path], { feeratePerKw: rate, destinationScript }) !== undefined
  if (path.way !== 'htlc_timeout' && path.way !== 'htlc_success') return true
  // Without anchors the fee is agreed on and the transaction signed.
  return view.format === 'static_remotekey' || leastFeeSat(path, rate) < path.amountSat
}
