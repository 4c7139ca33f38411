import { type FeeratePerKw, feeForWeight } from '../base/index.ts'
import { INCREMENTAL_RELAY_PER_KW } from './limits.ts'
import type { SpendPath } from './spendPath.ts'
import type { OnchainContext } from './types.ts'

// What a claim may cost (docs/decisions/0024-fees-of-claims.md). Two things speak for a fee, and the higher one counts: the market, which
// says what gets into a block soon, and the haste of the claim, which is half of the money at stake, divided by the square of the
// blocks that are left until somebody else may take it. So a claim that the market's feerate does not bring into a block for whatever
// reason pays more with each block, and in the last one as much as half of what it saves.

/** The fee for a transaction of so many weight units, in satoshis. */
export type Bid = (weight: number) => bigint

/** The part of the money at stake that the last block before its deadline is worth, as a divisor. */
const SHARE_AT_STAKE = 2n

/** For a claim of these outputs, and no less than `floor` asks. */
export function bidFor(
  paths: readonly Pick<SpendPath, 'amountSat' | 'deadline'>[],
  { feeratePerKw, height }: Pick<OnchainContext, 'feeratePerKw' | 'height'>,
  floor: Bid = () => 0n,
): Bid {
  const haste = hasteSat(paths, height)
  return weight => highest(feeForWeight(feeratePerKw, weight), haste, floor(weight))
}

/** The market's alone. */
export function marketBid(feeratePerKw: FeeratePerKw): Bid {
  return weight => feeForWeight(feeratePerKw, weight)
}

/** What the next block is worth to us: nothing where nobody else may ever take an output. */
export function hasteSat(paths: readonly Pick<SpendPath, 'amountSat' | 'deadline'>[], height: number): bigint {
  return paths.reduce((sum, { amountSat, deadline }) => sum + hasteOf(amountSat, deadline, height), 0n)
}

function hasteOf(amountSat: bigint, deadline: number | undefined, height: number): bigint {
  if (deadline === undefined) return 0n
  const left = BigInt(Math.max(deadline - height, 1))
  return amountSat / (SHARE_AT_STAKE * left * left)
}

/**
 * The least that a replacement pays for what it replaces: a step of a twenty-fourth, so that a race ends soon, and the relay of the
 * newcomer on top of all that goes (BIP 125, rules 3 and 4).
 */
export function replacementFee(paidSat: bigint, weight: number): bigint {
  const relay = (BigInt(INCREMENTAL_RELAY_PER_KW) * BigInt(weight) + 999n) / 1000n
  return highest(paidSat + relay, (paidSat * 25n + 23n) / 24n)
}

export function highest(...fees: readonly bigint[]): bigint {
  let most = 0n
  for (const fee of fees) if (fee > most) most = fee
  return most
}
