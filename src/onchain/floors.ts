import { outPointKey, type Sat } from '../base/index.ts'
import { txWeight } from '../bitcoin/index.ts'
import { type Bid, highest, replacementFee } from './bids.ts'
import { isContested } from './contested.ts'
import { feePaid } from './raise.ts'
import type { DirectPath, HtlcTxPath } from './spendPath.ts'
import type { Claim, OnchainContext } from './types.ts'

// What was bid for outputs before, by claims that are made anew in other transactions: a fee that begins again at the bottom is how
// a race is lost, and a part of a batch that waits in the mempools gets in only if it pays for the whole batch (BIP 125).

type Path = DirectPath | HtlcTxPath
type AmountOf = (key: string) => Sat | undefined

/** A batch that goes for its parts, and the part that takes its place. */
export interface Split {
  readonly claim: Claim
  readonly by: Path
  readonly paidSat: bigint
}

export interface Floors {
  /** The least fee for a claim of these outputs. */
  readonly of: (paths: readonly Path[]) => Bid
}

/**
 * A batch with an HTLC near its expiry could be pinned until it is too late for all of it (BOLT 5, security_delay). Nothing where there
 * is none in it, or where no part is worth twice what the batch pays, so that it could pay for it.
 */
export function splitOf(
  claim: Claim,
  covers: readonly Path[],
  { amountOf, context }: { readonly amountOf: AmountOf; readonly context: OnchainContext },
): Split | undefined {
  if (covers.length < 2) return undefined
  const [by] = covers
    .filter(path => isContested(path, context))
    .toSorted(
      (a, b) => Number(b.amountSat - a.amountSat) || (outPointKey(a.outpoint) < outPointKey(b.outpoint) ? -1 : 1),
    )
  const paidSat = feePaid(claim, amountOf) ?? 0n
  return by === undefined || by.amountSat < 2n * paidSat ? undefined : { claim, by, paidSat }
}

/** `beaten`: claims of which a confirmed transaction has taken an input. */
export function floorsFrom(beaten: readonly Claim[], splits: readonly Split[], amountOf: AmountOf): Floors {
  const rates = new Map<string, { readonly paid: bigint; readonly weight: bigint }>()
  for (const claim of beaten) {
    const paid = feePaid(claim, amountOf)
    if (paid === undefined) continue
    for (const { outpoint } of claim.tx.inputs)
      rates.set(outPointKey(outpoint), { paid, weight: BigInt(txWeight(claim.tx)) })
  }
  const places = new Map(splits.map(split => [outPointKey(split.by.outpoint), split]))
  return {
    of: paths => weight => {
      let floor = 0n
      for (const { outpoint } of paths) {
        const rate = rates.get(outPointKey(outpoint))
        const split = places.get(outPointKey(outpoint))
        if (rate !== undefined) floor = highest(floor, (rate.paid * BigInt(weight)) / rate.weight)
        if (split !== undefined) floor = highest(floor, replacementFee(split.paidSat, weight))
      }
      return floor
    },
  }
}
