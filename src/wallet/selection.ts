import { err, type FeeratePerKw, type OutPoint, ok, outPointKey, type Result, type Sat, sat } from '../base/index.ts'
import { dustLimitSat, P2WPKH_INPUT_WEIGHT, type TxOut } from '../bitcoin/index.ts'
import { branchAndBound } from './branchAndBound.ts'
import { paymentFee, paymentWeight } from './fees.ts'
import type { WalletLimits } from './limits.ts'
import type { WalletFailure } from './types.ts'

// Which coins pay. First branch and bound, which looks for coins that need no change; then the smallest coin that is enough by
// itself; then the largest ones together. Equal input gives equal output: ties are broken by outpoint.

export interface Spendable {
  readonly outpoint: OutPoint
  readonly amountSat: Sat
}

export interface SelectionTerms {
  readonly changeScript: Uint8Array
  readonly feeratePerKw: FeeratePerKw
  /** What has to be left afterwards, change included. */
  readonly keepSat: Sat
  readonly limits: Pick<WalletLimits, 'maxFeePartsPerMillion' | 'maxInputs' | 'maxSelectionSteps'>
}

/** Inputs = outputs + change + fee, always. */
export interface Selection<C extends Spendable> {
  readonly coins: readonly C[]
  readonly outputs: readonly TxOut[]
  /** At least the dust limit; absent where it would be dust, which goes to the fee. */
  readonly changeSat?: Sat
  readonly feeSat: Sat
}

/** Coins for exactly this output. */
export function selectCoins<C extends Spendable>(
  coins: readonly C[],
  output: TxOut,
  terms: SelectionTerms,
): Result<Selection<C>, WalletFailure> {
  const dust = refuseDust(output)
  if (dust !== undefined) return err(dust)
  const usable = worthwhile(coins, terms.feeratePerKw)
  const allSat = total(usable)
  let refusal: WalletFailure | undefined
  for (const chosen of candidates(usable, output, terms)) {
    const selection = complete(chosen, output, terms)
    if (selection === undefined) continue
    const objection = objectionTo(selection, allSat, terms)
    if (objection === undefined) return ok(selection)
    refusal ??= objection
  }
  if (refusal !== undefined) return err(refusal)
  const fee = paymentFee(terms.feeratePerKw, paymentWeight(1, [output]))
  return err({
    code: 'insufficient_funds',
    expected: `coins for ${output.amountSat} sat and a fee of at least ${fee} sat, in at most ${terms.limits.maxInputs} inputs`,
    got: `${allSat} sat in ${usable.length} coins that can be spent at this feerate`,
    section: 'coin selection',
  })
}

/** Everything that is worth its own fee goes to `script`, less what has to be kept, which comes back as change. */
export function selectAll<C extends Spendable>(
  coins: readonly C[],
  script: Uint8Array,
  terms: SelectionTerms,
): Result<Selection<C>, WalletFailure> {
  const usable = worthwhile(coins, terms.feeratePerKw)
  const chosen = usable.slice(0, terms.limits.maxInputs)
  const changeSat = changeToKeep(total(usable.slice(chosen.length)), terms)
  const change = changeSat === undefined ? [] : [{ amountSat: changeSat, script: terms.changeScript }]
  const outputs = [{ amountSat: sat(0), script }, ...change]
  const feeSat = paymentFee(terms.feeratePerKw, paymentWeight(chosen.length, outputs))
  const amountSat = total(chosen) - feeSat - (changeSat ?? 0n)
  if (amountSat < dustLimitSat(script)) {
    return err({
      code: 'insufficient_funds',
      expected: `at least ${dustLimitSat(script)} sat after a fee of ${feeSat} sat and a reserve of ${terms.keepSat} sat`,
      got: `${total(chosen)} sat in ${chosen.length} coins that can be spent at this feerate`,
      section: 'coin selection',
    })
  }
  const output = { amountSat: sat(amountSat), script }
  const selection = { coins: chosen, outputs: [output], feeSat, ...(changeSat !== undefined && { changeSat }) }
  const objection = refuseFee(selection, terms)
  return objection === undefined ? ok(selection) : err(objection)
}

/** An output that nobody relays is refused before coins are looked at. */
export function refuseDust({ amountSat, script }: TxOut): WalletFailure | undefined {
  const limit = dustLimitSat(script)
  if (amountSat > 0n && amountSat >= limit) return undefined
  return { code: 'dust', expected: `at least ${limit} sat`, got: `${amountSat} sat`, section: 'BOLT 3, Dust Limits' }
}

/** What the coins left out do not cover; never as little as dust. */
function changeToKeep(leftOutSat: Sat, { keepSat, changeScript }: SelectionTerms): Sat | undefined {
  if (leftOutSat >= keepSat) return undefined
  const dust = dustLimitSat(changeScript)
  const missing = sat(keepSat - leftOutSat)
  if (missing < dust) return dust
  return missing
}

/** Coins that bring more than their input costs, the largest first. */
function worthwhile<C extends Spendable>(coins: readonly C[], feeratePerKw: FeeratePerKw): readonly C[] {
  return coins
    .filter(({ amountSat }) => effective(amountSat, feeratePerKw) > 0n)
    .toSorted((a, b) => (a.amountSat === b.amountSat ? compareKeys(a, b) : a.amountSat > b.amountSat ? -1 : 1))
}

function compareKeys(a: Spendable, b: Spendable): number {
  return outPointKey(a.outpoint) < outPointKey(b.outpoint) ? -1 : 1
}

/** In thousandths of a satoshi, so that nothing is rounded while it is compared. */
function effective(amountSat: Sat, feeratePerKw: FeeratePerKw): bigint {
  return amountSat * 1000n - BigInt(feeratePerKw) * BigInt(P2WPKH_INPUT_WEIGHT)
}

/** The choices in the order of preference. `usable`: the largest first. */
function* candidates<C extends Spendable>(
  usable: readonly C[],
  output: TxOut,
  terms: SelectionTerms,
): Generator<readonly C[]> {
  const { maxInputs } = terms.limits
  const changeless = withoutChange(usable, output, terms)
  if (changeless !== undefined && changeless.length <= maxInputs) yield changeless
  for (const coin of usable.toReversed()) yield [coin]
  for (let count = 2; count <= Math.min(usable.length, maxInputs); count++) yield usable.slice(0, count)
}

/** Coins whose surplus would be dust as change. */
function withoutChange<C extends Spendable>(
  usable: readonly C[],
  output: TxOut,
  { feeratePerKw, changeScript, limits }: SelectionTerms,
): readonly C[] | undefined {
  const change = { amountSat: sat(0), script: changeScript }
  const rate = BigInt(feeratePerKw)
  const target = output.amountSat * 1000n + rate * BigInt(paymentWeight(0, [output]))
  const limit =
    output.amountSat * 1000n + rate * BigInt(paymentWeight(0, [output, change])) + dustLimitSat(changeScript) * 1000n
  const values = usable.map(({ amountSat }) => effective(amountSat, feeratePerKw))
  const indexes = branchAndBound(values, { target, limit, maxSteps: limits.maxSelectionSteps })
  if (indexes === undefined) return undefined
  const taken = new Set(indexes)
  return usable.filter((_, index) => taken.has(index))
}

/** Change and fee to these coins; `undefined` where they are not enough. */
function complete<C extends Spendable>(
  coins: readonly C[],
  output: TxOut,
  { feeratePerKw, changeScript }: SelectionTerms,
): Selection<C> | undefined {
  const left = total(coins) - output.amountSat
  const change = { amountSat: sat(0), script: changeScript }
  const feeWithChange = paymentFee(feeratePerKw, paymentWeight(coins.length, [output, change]))
  if (left - feeWithChange >= dustLimitSat(changeScript)) {
    return { coins, outputs: [output], changeSat: sat(left - feeWithChange), feeSat: feeWithChange }
  }
  if (left < paymentFee(feeratePerKw, paymentWeight(coins.length, [output]))) return undefined
  return { coins, outputs: [output], feeSat: sat(left) }
}

function objectionTo(selection: Selection<Spendable>, allSat: Sat, terms: SelectionTerms): WalletFailure | undefined {
  const leftSat = allSat - total(selection.coins) + (selection.changeSat ?? 0n)
  if (leftSat >= terms.keepSat) return refuseFee(selection, terms)
  return {
    code: 'reserve',
    expected: `${terms.keepSat} sat to be left for the fees of channels`,
    got: `${leftSat} sat left after a fee of ${selection.feeSat} sat`,
    section: 'BOLT 5, Generation of HTLC Transactions',
  }
}

function refuseFee({ outputs, feeSat }: Selection<Spendable>, { limits }: SelectionTerms): WalletFailure | undefined {
  const paidSat = outputs.reduce((sum, { amountSat }) => sum + amountSat, 0n)
  const mostSat = (paidSat * BigInt(limits.maxFeePartsPerMillion)) / 1_000_000n
  if (feeSat <= mostSat) return undefined
  return {
    code: 'fee_too_high',
    expected: `a fee of at most ${mostSat} sat to pay ${paidSat} sat`,
    got: `${feeSat} sat`,
    section: 'coin selection',
  }
}

function total(coins: readonly Spendable[]): Sat {
  return sat(coins.reduce((sum, { amountSat }) => sum + amountSat, 0n))
}
