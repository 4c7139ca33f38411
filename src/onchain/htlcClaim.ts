import { defined, type FeeratePerKw, feeForWeight, outPointKey, type Sat, sat } from '../base/index.ts'
import { dustLimitSat, p2wpkhScript, signP2wpkhInput, type Tx, txid, txWeight, withWitness } from '../bitcoin/index.ts'
import { HTLC_SUCCESS_WEIGHT, HTLC_TIMEOUT_WEIGHT } from '../commitment/index.ts'
import type { ChannelSecrets } from '../keys/index.ts'
import { heaviestHtlcTxWitness, heaviestP2wpkhWitness, htlcTxWitness, secretOf } from './signing.ts'
import type { HtlcTxPath } from './spendPath.ts'
import { REPLACEABLE_SEQUENCE } from './spendPaths.ts'
import type { Claim, FeeCoin, OnchainContext } from './types.ts'

// HTLC-timeout and HTLC-success of our own commitment. Without anchors they go out as the peer signed them; with anchors they
// pay no fee of their own, and wallet coins are added (BOLT 5, generation of HTLC transactions).

/** The wallet coins that pay for one HTLC transaction, and what is left of them. */
interface FeePlan {
  readonly coins: readonly FeeCoin[]
  /** `undefined`: the rest would be dust, and goes to the fee. */
  readonly changeSat: Sat | undefined
}

export type HtlcClaim =
  | { readonly type: 'built'; readonly claim: Claim }
  /** The wallet has no coins left that would pay this fee. */
  | { readonly type: 'no_coins'; readonly feeSat: Sat }
  | { readonly type: 'not_worthwhile' }

/** The signed transaction. `coins`: those in no other transaction of ours. */
export function buildHtlcClaim(
  path: HtlcTxPath,
  coins: readonly FeeCoin[],
  context: Pick<OnchainContext, 'secrets' | 'feeratePerKw' | 'changeScript'>,
): HtlcClaim {
  const htlcTx = defined(path.htlcTx, 'the HTLC transaction of our own commitment')
  if (htlcTx.format === 'static_remotekey')
    return { type: 'built', claim: signed(path, htlcTx.tx, [], context.secrets) }
  const { feeratePerKw, changeScript } = context
  if (leastFeeSat(path, feeratePerKw) >= path.amountSat) return { type: 'not_worthwhile' }
  const plan = chooseCoins(path, coins, { feeratePerKw, changeScript })
  if (plan === undefined) return { type: 'no_coins', feeSat: leastFeeSat(path, feeratePerKw) }
  const tx = withCoins(htlcTx.tx, plan, changeScript)
  return { type: 'built', claim: signed(path, tx, plan.coins, context.secrets) }
}

/** What an HTLC transaction costs at least: itself, without coins and change. */
export function leastFeeSat(path: HtlcTxPath, feeratePerKw: FeeratePerKw): Sat {
  const weight = path.way === 'htlc_timeout' ? HTLC_TIMEOUT_WEIGHT : HTLC_SUCCESS_WEIGHT
  return feeForWeight(feeratePerKw, weight.anchors_zero_fee_htlc)
}

/** The smallest coin that is enough by itself, else the largest ones together. */
function chooseCoins(
  path: HtlcTxPath,
  coins: readonly FeeCoin[],
  terms: Pick<OnchainContext, 'feeratePerKw' | 'changeScript'>,
): FeePlan | undefined {
  const ascending = coins.toSorted(compareCoins)
  for (const coin of ascending) {
    const plan = planFor(path, [coin], terms)
    if (plan !== undefined) return plan
  }
  const chosen: FeeCoin[] = []
  for (const coin of ascending.toReversed()) {
    chosen.push(coin)
    const plan = planFor(path, chosen.slice(), terms)
    if (plan !== undefined) return plan
  }
  return undefined
}

function compareCoins(a: FeeCoin, b: FeeCoin): number {
  if (a.amountSat !== b.amountSat) return a.amountSat < b.amountSat ? -1 : 1
  return outPointKey(a.outpoint) < outPointKey(b.outpoint) ? -1 : 1
}

function planFor(
  path: HtlcTxPath,
  coins: readonly FeeCoin[],
  { feeratePerKw, changeScript }: Pick<OnchainContext, 'feeratePerKw' | 'changeScript'>,
): FeePlan | undefined {
  const held = coins.reduce((sum, coin) => sum + coin.amountSat, 0n)
  const withChange = feeForWeight(feeratePerKw, weightOf(path, { coins, changeSat: sat(0) }, changeScript))
  if (held - withChange >= dustLimitSat(changeScript)) return { coins, changeSat: sat(held - withChange) }
  const without = feeForWeight(feeratePerKw, weightOf(path, { coins, changeSat: undefined }, changeScript))
  return held >= without ? { coins, changeSat: undefined } : undefined
}

/** Of the signed transaction, an upper bound: at most a few bytes above the truth for each signature. */
function weightOf(path: HtlcTxPath, plan: FeePlan, changeScript: Uint8Array): number {
  const htlcTx = defined(path.htlcTx, 'the HTLC transaction of our own commitment')
  const unsigned = withCoins(htlcTx.tx, plan, changeScript)
  const witnesses = [heaviestHtlcTxWitness(path), ...plan.coins.map(coin => heaviestP2wpkhWitness(coin.publicKey))]
  const inputs = unsigned.inputs.map((input, index) => ({ ...input, witness: witnesses[index] ?? [] }))
  return txWeight({ ...unsigned, inputs })
}

/** The HTLC's input and output stay first: the peer's signature binds them to one place (SIGHASH_SINGLE). */
function withCoins(htlcTx: Tx, { coins, changeSat }: FeePlan, changeScript: Uint8Array): Tx {
  const added = coins.map(({ outpoint }) => ({
    outpoint,
    scriptSig: new Uint8Array(0),
    sequence: REPLACEABLE_SEQUENCE,
    witness: [],
  }))
  const change = changeSat === undefined ? [] : [{ amountSat: changeSat, script: changeScript }]
  return { ...htlcTx, inputs: [...htlcTx.inputs, ...added], outputs: [...htlcTx.outputs, ...change] }
}

function signed(path: HtlcTxPath, unsigned: Tx, coins: readonly FeeCoin[], secrets: ChannelSecrets): Claim {
  const secret = defined(secretOf(path.key, secrets), 'an HTLC transaction is signed')
  let tx = withWitness(unsigned, 0, htlcTxWitness(path, unsigned, secret))
  for (const [index, coin] of coins.entries()) tx = signP2wpkhInput(tx, index + 1, coin.amountSat, coin.secret)
  const feeCoins = coins.map(({ outpoint, publicKey }) => ({ outpoint, script: p2wpkhScript(publicKey) }))
  return { txid: txid(unsigned), tx, role: path.role, feeCoins }
}
