import { feeForWeight, outPointKey, sat } from '../base/index.ts'
import { dustLimitSat } from '../bitcoin/index.ts'
import { buildSweep, sweepWeight } from './claimTx.ts'
import { INCREMENTAL_RELAY_PER_KW } from './limits.ts'
import type { DirectPath, HtlcTxPath } from './spendPath.ts'
import type { Claim, OnchainContext } from './types.ts'

// A sweep that waits while feerates rise is made anew at the feerate of the day, in place of the one that is out (BIP 125): as soon as
// what the market asks pays for the replacement, too, and never at less than what was bid before. Nobody bids above the market.

/** The claim in place of this one, whose outputs these ways spend; nothing where it stays as it is. */
export function raised(
  claim: Claim,
  ways: readonly (DirectPath | HtlcTxPath)[],
  { feeratePerKw, destinationScript, secrets }: OnchainContext,
): Claim | undefined {
  const paths = inOrder(claim, ways)
  if (paths === undefined) return undefined
  const held = paths.reduce((sum, path) => sum + path.amountSat, 0n)
  const paid = claim.tx.outputs.reduce((rest, { amountSat }) => rest - amountSat, held)
  const weight = sweepWeight(paths, destinationScript)
  const fee = feeForWeight(feeratePerKw, weight)
  // More than what is lost, and the relay of the newcomer on top (BIP 125, rules 3 and 4).
  if (fee < paid + (BigInt(INCREMENTAL_RELAY_PER_KW) * BigInt(weight)) / 1000n) return undefined
  const yieldSat = held - fee
  // What it is worth is the most that anybody bids for it: then the bid before stands.
  if (yieldSat < dustLimitSat(destinationScript)) return undefined
  return buildSweep(paths, claim.role, { yieldSat: sat(yieldSat), destinationScript, secrets })
}

/** The ways of a sweep in the order of its inputs. A second stage has the signature of the peer, and its fee is another matter. */
function inOrder(
  { tx, feeCoins }: Claim,
  ways: readonly (DirectPath | HtlcTxPath)[],
): readonly DirectPath[] | undefined {
  if (feeCoins.length > 0) return undefined
  const byKey = new Map(ways.map(way => [outPointKey(way.outpoint), way]))
  const paths: DirectPath[] = []
  for (const { outpoint } of tx.inputs) {
    const way = byKey.get(outPointKey(outpoint))
    if (way === undefined || !('sequence' in way)) return undefined
    paths.push(way)
  }
  return paths
}
