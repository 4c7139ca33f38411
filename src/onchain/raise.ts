import { outPointKey, type Sat, sat } from '../base/index.ts'
import { dustLimitSat } from '../bitcoin/index.ts'
import { bidFor, replacementFee } from './bids.ts'
import { buildSweep, sweepWeight } from './claimTx.ts'
import { buildHtlcClaim } from './htlcClaim.ts'
import type { DirectPath, HtlcTxPath } from './spendPath.ts'
import { isDirect } from './spendPath.ts'
import type { Claim, FeeCoin, OnchainContext } from './types.ts'

// A claim that waits while feerates rise or its deadline nears is made anew at the bid of the day, in place of the one that is out
// (BIP 125): as soon as the bid pays for the replacement, too, and never at less than what was bid before.

/** A claim that is out, with what is needed to make it anew. */
export interface Raise {
  readonly claim: Claim
  /** The ways to spend the outputs of the channel among its inputs. */
  readonly ways: readonly (DirectPath | HtlcTxPath)[]
  /** What it pays; nothing where an input is not known any more. */
  readonly paidSat: bigint | undefined
  /** Free ones, and those among its inputs. */
  readonly coins: readonly FeeCoin[]
}

/** The claim in place of this one; nothing where it stays as it is. */
export function raised({ claim, ways, paidSat, coins }: Raise, context: OnchainContext): Claim | undefined {
  if (paidSat === undefined) return undefined
  const sweeps = inOrder(claim, ways.filter(isDirect))
  if (sweeps !== undefined) return raisedSweep(claim, { paths: sweeps, paidSat }, context)
  const htlcs = inOrder(
    claim,
    ways.filter(way => !isDirect(way)),
  )
  // Without anchors the peer's signature is on the fee.
  if (htlcs === undefined || context.view.format === 'static_remotekey') return undefined
  const made = buildHtlcClaim(htlcs, coins, context, bidFor(htlcs, context))
  if (made.type !== 'built' || made.feeSat < replacementFee(paidSat, made.weight)) return undefined
  return made.claim
}

function raisedSweep(
  { role }: Claim,
  { paths, paidSat }: { readonly paths: readonly DirectPath[]; readonly paidSat: bigint },
  context: OnchainContext,
): Claim | undefined {
  const { destinationScript, secrets } = context
  const held = paths.reduce((sum, path) => sum + path.amountSat, 0n)
  const weight = sweepWeight(paths, destinationScript)
  const fee = bidFor(paths, context)(weight)
  if (fee < replacementFee(paidSat, weight)) return undefined
  const yieldSat = held - fee
  // What it is worth is the most that anybody bids for it: then the bid before stands.
  if (yieldSat < dustLimitSat(destinationScript)) return undefined
  return buildSweep(paths, role, { yieldSat: sat(yieldSat), destinationScript, secrets })
}

/** The ways in the order of the inputs that they stand for, where these are all of the claim's but for the wallet's coins. */
function inOrder<T extends DirectPath | HtlcTxPath>(
  { tx, feeCoins }: Claim,
  ways: readonly T[],
): readonly T[] | undefined {
  const byKey = new Map(ways.map(way => [outPointKey(way.outpoint), way]))
  const paths = tx.inputs
    .slice(0, tx.inputs.length - feeCoins.length)
    .map(({ outpoint }) => byKey.get(outPointKey(outpoint)))
  return paths.every(path => path !== undefined) ? paths : undefined
}

/** What a transaction pays, as far as its inputs are known. */
export function feePaid({ tx }: Pick<Claim, 'tx'>, amountOf: (key: string) => Sat | undefined): bigint | undefined {
  let rest = tx.outputs.reduce((sum, { amountSat }) => sum - amountSat, 0n)
  for (const { outpoint } of tx.inputs) {
    const held = amountOf(outPointKey(outpoint))
    if (held === undefined) return undefined
    rest += held
  }
  return rest
}
