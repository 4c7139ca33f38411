import { type FeeratePerKw, type OutPoint, type Sat, sat } from '../base/index.ts'
import { type Tx, txid } from '../bitcoin/index.ts'
import type { ChannelSecrets } from '../keys/index.ts'
import { buildSweep, type DerivedKeys, sweepYieldSat } from './claimTx.ts'
import { readSituation } from './situation.ts'
import { pathsIn } from './spendPaths.ts'
import type { ChainFacts, ChannelHtlc, ChannelView } from './types.ts'

// What punishes a commitment of the peer's that is revoked and on no chain: for somebody who watches while we are away.

/** The transactions that take one output, one at each feerate that is worth it: each spends this output alone. */
export interface Justice {
  readonly outpoint: OutPoint
  readonly amountSat: Sat
  /** Signed, the cheapest first. */
  readonly transactions: readonly { readonly tx: Tx; readonly feeSat: Sat }[]
}

interface JusticeTerms {
  /** Of the channel as it is now: the commitment is revoked in it. */
  readonly view: ChannelView
  readonly secrets: ChannelSecrets
  /** Where the money goes. */
  readonly destinationScript: Uint8Array
  /** Lowest first. */
  readonly feerates: readonly FeeratePerKw[]
}

/**
 * For each output of a revoked commitment that is the peer's unless it is punished: to_local, and the HTLCs. Nothing where the transaction is
 * none that this channel has revoked. Each output by itself: a cheat who spends one of them first takes no other away. Cost: a signature
 * for each output and feerate, and the commitment to build once more.
 */
export function justiceFor(
  revoked: { readonly tx: Tx; readonly number: number; readonly htlcs: readonly ChannelHtlc[] },
  { view, secrets, destinationScript, feerates }: JusticeTerms,
): readonly Justice[] {
  const { tx, number: commitmentNumber, htlcs } = revoked
  // As if it had confirmed: only facts about the chain say what may be done.
  const facts: ChainFacts = {
    transactions: [{ txid: txid(tx), tx, height: 0 }],
    preimages: new Map(),
    revoked: { commitmentNumber, htlcs },
  }
  const situation = readSituation(view, facts)
  if (situation.type !== 'commitment' || situation.commitment.name !== 'revoked') return []
  const known: DerivedKeys = new Map()
  const paths = pathsIn(situation, { view, facts, party: 'local', height: 0 })
  return paths.flatMap(path => {
    if (path.role !== 'penalty') return []
    const transactions = feerates.flatMap((feeratePerKw, rung) => {
      const yieldSat = sweepYieldSat([path], { feeratePerKw, destinationScript })
      // The cheapest always, if it leaves anything: none dearer than half of the output.
      if (yieldSat === undefined || (rung > 0 && yieldSat * 2n < path.amountSat)) return []
      const { tx } = buildSweep([path], 'penalty', { yieldSat, destinationScript, secrets, known })
      return [{ tx, feeSat: sat(path.amountSat - yieldSat) }]
    })
    return transactions.length === 0 ? [] : [{ outpoint: path.outpoint, amountSat: path.amountSat, transactions }]
  })
}
