import { defined, feeForWeight, type Sat, sat } from '../base/index.ts'
import { type Tx, txid, txWeight, withWitness } from '../bitcoin/index.ts'
import { HTLC_SUCCESS_WEIGHT, HTLC_TIMEOUT_WEIGHT } from '../commitment/index.ts'
import type { ChannelSecrets } from '../keys/index.ts'
import { type Bid, marketBid } from './bids.ts'
import { chooseCoins, type FeePlan, spentCoins, withCoins, withSignedCoins } from './feeCoins.ts'
import { heaviestHtlcTxWitness, heaviestP2wpkhWitness, htlcTxWitness, secretOf } from './signing.ts'
import type { HtlcTxPath } from './spendPath.ts'
import type { Claim, FeeCoin, OnchainContext } from './types.ts'

// HTLC-timeout and HTLC-success of our own commitment. Without anchors they go out as the peer signed them; with anchors they
// pay no fee of their own, and wallet coins are added, for one of them or for several that may stand in one transaction (BOLT 5,
// generation of HTLC transactions).

export type HtlcClaim =
  /** `weight`: at its heaviest. */
  | { readonly type: 'built'; readonly claim: Claim; readonly feeSat: Sat; readonly weight: number }
  /** The wallet has no coins left that would pay this fee. */
  | { readonly type: 'no_coins'; readonly feeSat: Sat }
  | { readonly type: 'not_worthwhile' }

export type HtlcTerms = Pick<OnchainContext, 'secrets' | 'feeratePerKw' | 'changeScript'>

/**
 * The signed transaction. `paths`: one, or several with one locktime, which with anchors may share a transaction. `coins`: those in no
 * other transaction of ours. Where they do not reach for the bid, the market's fee is paid.
 */
export function buildHtlcClaim(
  paths: readonly HtlcTxPath[],
  coins: readonly FeeCoin[],
  terms: HtlcTerms,
  bid: Bid = marketBid(terms.feeratePerKw),
): HtlcClaim {
  const [first] = paths
  const htlcTx = defined(first?.htlcTx, 'the HTLC transaction of our own commitment')
  if (htlcTx.format === 'static_remotekey') {
    const feeSat = sat(paths.reduce((sum, { amountSat, yieldSat }) => sum + amountSat - yieldSat, 0n))
    const claim = signed(paths, htlcTx.tx, [], terms.secrets)
    return { type: 'built', claim, feeSat, weight: txWeight(claim.tx) }
  }
  const { feeratePerKw, changeScript } = terms
  const leastSat = sat(paths.reduce((sum, path) => sum + leastFeeSat(path, feeratePerKw), 0n))
  if (leastSat >= paths.reduce((sum, { amountSat }) => sum + amountSat, 0n)) return { type: 'not_worthwhile' }
  const choose = (fee: Bid): FeePlan | undefined =>
    chooseCoins(coins, { fee, changeScript, weightOf: plan => weightOf(paths, plan, changeScript) })
  const plan = choose(bid) ?? choose(marketBid(feeratePerKw))
  if (plan === undefined) return { type: 'no_coins', feeSat: leastSat }
  const claim = signed(paths, withCoins(joined(paths), plan, changeScript), plan.coins, terms.secrets)
  return { type: 'built', claim, feeSat: feeOf(plan), weight: weightOf(paths, plan, changeScript) }
}

/** What an HTLC transaction costs at least: itself, without coins and change. */
export function leastFeeSat(path: HtlcTxPath, feeratePerKw: OnchainContext['feeratePerKw']): Sat {
  const weight = path.way === 'htlc_timeout' ? HTLC_TIMEOUT_WEIGHT : HTLC_SUCCESS_WEIGHT
  return feeForWeight(feeratePerKw, weight.anchors_zero_fee_htlc)
}

/** The transactions in one, each input and output at the same place. */
function joined(paths: readonly HtlcTxPath[]): Tx {
  const txs = paths.map(path => defined(path.htlcTx, 'the HTLC transaction of our own commitment').tx)
  const first = defined(txs[0], 'there is one at least')
  return { ...first, inputs: txs.flatMap(({ inputs }) => inputs), outputs: txs.flatMap(({ outputs }) => outputs) }
}

/** Of the coins of a plan, with anchors: HTLC transactions bring nothing of their own. */
function feeOf({ coins, changeSat }: FeePlan): Sat {
  return sat(coins.reduce((sum, coin) => sum + coin.amountSat, 0n) - (changeSat ?? 0n))
}

/** Of the signed transaction, an upper bound: at most a few bytes above the truth for each signature. */
function weightOf(paths: readonly HtlcTxPath[], plan: FeePlan, changeScript: Uint8Array): number {
  const unsigned = withCoins(joined(paths), plan, changeScript)
  const witnesses = [
    ...paths.map(heaviestHtlcTxWitness),
    ...plan.coins.map(coin => heaviestP2wpkhWitness(coin.publicKey)),
  ]
  const inputs = unsigned.inputs.map((input, index) => ({ ...input, witness: witnesses[index] ?? [] }))
  return txWeight({ ...unsigned, inputs })
}

function signed(paths: readonly HtlcTxPath[], unsigned: Tx, coins: readonly FeeCoin[], secrets: ChannelSecrets): Claim {
  let tx = unsigned
  for (const [inputIndex, path] of paths.entries()) {
    const secret = defined(secretOf(path.key, secrets), 'an HTLC transaction is signed')
    tx = withWitness(tx, inputIndex, htlcTxWitness(path, { tx: unsigned, inputIndex }, secret))
  }
  const { role } = defined(paths[0], 'there is one at least')
  return { txid: txid(unsigned), tx: withSignedCoins(tx, coins), role, feeCoins: spentCoins(coins) }
}
