import { defined, type Sat, sat, type Txid } from '../base/index.ts'
import { type Tx, txid, txWeight, withWitness } from '../bitcoin/index.ts'
import { type Bid, bidFor, highest, replacementFee } from './bids.ts'
import { chooseCoins, type FeePlan, spentCoins, withCoins, withSignedCoins } from './feeCoins.ts'
import { LOWEST_FEERATE_PER_KW, SECOND_STAGE_BLOCKS } from './limits.ts'
import { feePaid } from './raise.ts'
import { directWitness, heaviestDirectWitness, heaviestP2wpkhWitness, secretOf } from './signing.ts'
import type { DirectPath, SpendPath } from './spendPath.ts'
import type { Claim, FeeCoin, OnchainContext } from './types.ts'

// A commitment with anchors carries the feerate that both agreed on when it was signed, and may be worth more haste or a dearer market by
// the time that it is published: a child of its anchor, with coins of the wallet, pays for both (BOLT 3, fee payment; BOLT 5, local
// commitment transaction).

/** What lacks less than this part of what the commitment pays is not worth a child: it gets in a little later. */
const LACKING_PARTS = 4n

export type AnchorChild =
  /** `claim`: new, or as it was. */
  | { readonly type: 'child'; readonly claim: Claim }
  /** The commitment pays enough by itself, or what it holds for us is not worth more. */
  | { readonly type: 'none' }
  /** The wallet has no coins that would pay. */
  | { readonly type: 'no_coins'; readonly feeSat: Sat }

interface Question {
  /** Signed. */
  readonly commitment: Tx
  readonly paths: readonly SpendPath[]
  /** The child that is out. */
  readonly before: Claim | undefined
  /** Free coins, and those of the child that is out. */
  readonly coins: readonly FeeCoin[]
  readonly amountOf: (key: string) => Sat | undefined
}

/** The child of our own commitment, while the funding output is unspent. `paths`: ours, of that commitment. */
export function anchorChild(
  { commitment, paths, before, coins, amountOf }: Question,
  context: OnchainContext,
): AnchorChild {
  const anchor = paths.find((path): path is DirectPath => path.way === 'anchor')
  if (anchor === undefined) return { type: 'none' }
  const held = paths.filter(isAtStake)
  const stakeSat = held.reduce((sum, { amountSat }) => sum + amountSat, 0n)
  const paidSat = feePaid({ tx: commitment }, amountOf)
  if (paidSat === undefined) return { type: 'none' }
  const bid = childBid({ paidSat, weight: txWeight(commitment), held }, context)
  const alone = bid(0)
  const weightOf = (plan: FeePlan): number => weightWith(anchor, plan, context.changeScript)
  const least = bid(weightOf({ coins: [], changeSat: sat(0) }))
  // Nothing is lacking, or what is lacking costs more than half of what is there to be had.
  if (alone === 0n || 2n * least > stakeSat)
    return before === undefined ? { type: 'none' } : { type: 'child', claim: before }
  const { changeScript } = context
  const plan = chooseCoins(coins, { fee: bid, changeScript, weightOf, ownSat: anchor.amountSat, needsChange: true })
  if (plan === undefined)
    return before === undefined ? { type: 'no_coins', feeSat: sat(least) } : { type: 'child', claim: before }
  const claim = signedChild(anchor, plan, context)
  return {
    type: 'child',
    claim: before === undefined || isStep(before, claim, amountOf, weightOf(plan)) ? claim : before,
  }
}

/** What is ours by this commitment, now or later. An HTLC of the peer is only where its preimage is known. */
function isAtStake({ way, preimage }: SpendPath): boolean {
  if (way === 'htlc_timeout' || way === 'to_local') return true
  return way === 'htlc_success' && preimage?.known !== undefined
}

/** What the child pays: all that the two together should, less what the commitment does. For no weight: whether anything is lacking. */
function childBid(
  parent: { readonly paidSat: bigint; readonly weight: number; readonly held: readonly SpendPath[] },
  context: OnchainContext,
): Bid {
  // An HTLC still needs a transaction of its own afterwards: time for it, and money.
  const paths = parent.held.map(({ amountSat, deadline }) => ({
    amountSat: sat(amountSat / 2n),
    ...(deadline !== undefined && { deadline: deadline - SECOND_STAGE_BLOCKS }),
  }))
  const bid = bidFor(paths, context)
  const { paidSat } = parent
  return weight => {
    const lacking = bid(parent.weight + weight) - paidSat
    if (weight === 0) return lacking * LACKING_PARTS < paidSat ? 0n : lacking
    return highest(lacking, (BigInt(LOWEST_FEERATE_PER_KW) * BigInt(weight)) / 1000n)
  }
}

function isStep(before: Claim, next: Claim, amountOf: Question['amountOf'], weight: number): boolean {
  const [paid, fee] = [feePaid(before, amountOf), feePaid(next, amountOf)]
  return paid !== undefined && fee !== undefined && fee >= replacementFee(paid, weight)
}

function weightWith(anchor: DirectPath, plan: FeePlan, changeScript: Uint8Array): number {
  const unsigned = withCoins(childOf(anchor), plan, changeScript)
  const witnesses = [heaviestDirectWitness(anchor), ...plan.coins.map(coin => heaviestP2wpkhWitness(coin.publicKey))]
  return txWeight({
    ...unsigned,
    inputs: unsigned.inputs.map((input, index) => ({ ...input, witness: witnesses[index] ?? [] })),
  })
}

function childOf({ outpoint, sequence }: DirectPath): Tx {
  return {
    version: 2,
    inputs: [{ outpoint, scriptSig: new Uint8Array(0), sequence, witness: [] }],
    outputs: [],
    locktime: 0,
  }
}

function signedChild(anchor: DirectPath, plan: FeePlan, { changeScript, secrets }: OnchainContext): Claim {
  const unsigned = withCoins(childOf(anchor), plan, changeScript)
  const secret = defined(secretOf(anchor.key, secrets), 'the anchor has our funding key')
  const tx = withWitness(unsigned, 0, directWitness(anchor, { tx: unsigned, index: 0 }, secret))
  return { txid: txid(unsigned), tx: withSignedCoins(tx, plan.coins), role: 'anchor', feeCoins: spentCoins(plan.coins) }
}

/** Whether a child spends an output of this transaction. */
export function isChildOf({ role, tx }: Claim, parent: Txid): boolean {
  return role === 'anchor' && tx.inputs[0]?.outpoint.txid === parent
}
