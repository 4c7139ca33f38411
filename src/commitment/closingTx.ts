import {
  err,
  type FeeratePerKw,
  feeForWeight,
  type Msat,
  msatToSat,
  ok,
  type Result,
  type Sat,
  sat,
  subtract,
  unreachable,
} from '../base/index.ts'
import { classifyScript, compactSizeLength, compareOutputs, dustLimitSat, type TxOut, txid } from '../bitcoin/index.ts'
import type { ClosingTx, FundingOutput } from './types.ts'
import { FUNDING_WITNESS_WEIGHT } from './weights.ts'

/** One side at the end of a channel. */
export interface ClosingParty {
  readonly amountMsat: Msat
  /** The script of its `shutdown`, or of its latest `closing_complete`. */
  readonly script: Uint8Array
}

/** Which outputs a closing transaction has: the names of the signature fields of `closing_complete` (BOLT 2). */
export type ClosingVariant = 'closer_output_only' | 'closee_output_only' | 'closer_and_closee_outputs'

export interface ClosingFailure {
  readonly code: 'fee_above_balance' | 'no_outputs'
  readonly message: string
}

const FINAL_SEQUENCE = 0xffffffff
/** Allows replacement by a higher fee (BIP 125), and a locktime. */
const REPLACEABLE_SEQUENCE = 0xfffffffd

/**
 * The closing transaction of `closing_complete` and `closing_sig` (BOLT 3, closing transaction): the closer pays the fee, and
 * an OP_RETURN output holds nothing. Which variants may be signed is for BOLT 2 to say; dust is not judged here.
 */
export function buildClosingTx(terms: {
  readonly funding: FundingOutput
  readonly variant: ClosingVariant
  readonly closer: ClosingParty
  readonly closee: ClosingParty
  readonly feeSat: Sat
  readonly locktime: number
}): Result<ClosingTx, ClosingFailure> {
  const { funding, variant, feeSat } = terms
  const closerSat = msatToSat(terms.closer.amountMsat)
  if (feeSat > closerSat) return err(feeAboveBalance('closing_complete', feeSat, closerSat))
  const closer = outputOf(terms.closer.script, subtract(closerSat, feeSat))
  const closee = outputOf(terms.closee.script, msatToSat(terms.closee.amountMsat))
  const outputs = variantOutputs(variant, closer, closee)
  return ok(closingTx(funding, outputs, { sequence: REPLACEABLE_SEQUENCE, locktime: terms.locktime }))
}

/**
 * The closing transaction of `closing_signed` (BOLT 3, legacy closing transaction): the opener pays the fee. Outputs below our
 * dust limit are left out, and so are those below the dust limit of their own script, which would not relay (BOLT 2,
 * closing_signed). `omit` leaves out the output of the side that chose to give it up.
 */
export function buildLegacyClosingTx(terms: {
  readonly funding: FundingOutput
  readonly opener: 'local' | 'remote'
  readonly local: ClosingParty
  readonly remote: ClosingParty
  readonly feeSat: Sat
  readonly dustLimitSat: Sat
  readonly omit?: 'local' | 'remote'
}): Result<ClosingTx, ClosingFailure> {
  const { funding, opener, feeSat } = terms
  const openerSat = msatToSat(terms[opener].amountMsat)
  if (feeSat > openerSat) return err(feeAboveBalance('closing_signed', feeSat, openerSat))
  const outputs: TxOut[] = []
  for (const side of ['local', 'remote'] as const) {
    const { script, amountMsat } = terms[side]
    const amountSat = subtract(msatToSat(amountMsat), side === opener ? feeSat : sat(0))
    const isDust = amountSat < terms.dustLimitSat || amountSat < dustLimitSat(script)
    if (!isDust && terms.omit !== side) outputs.push({ amountSat, script })
  }
  if (outputs.length === 0) {
    return err({
      code: 'no_outputs',
      message: 'both outputs of the closing transaction are dust (BOLT 3, legacy closing)',
    })
  }
  return ok(closingTx(funding, outputs, { sequence: FINAL_SEQUENCE, locktime: 0 }))
}

/** The weight of a closing transaction with these output scripts, signatures of 73 bytes included. */
export function closingWeight(outputScripts: readonly Uint8Array[]): number {
  // Version, one input of 41 bytes, two counts and locktime; marker and flag beside the witness.
  let bytes = 4 + 1 + 41 + 1 + 4
  for (const script of outputScripts) bytes += 8 + compactSizeLength(script.length) + script.length
  return 4 * bytes + 2 + FUNDING_WITNESS_WEIGHT
}

export function closingFeeSat(feerate: FeeratePerKw, outputScripts: readonly Uint8Array[]): Sat {
  return feeForWeight(feerate, closingWeight(outputScripts))
}

function variantOutputs(variant: ClosingVariant, closer: TxOut, closee: TxOut): readonly TxOut[] {
  switch (variant) {
    case 'closer_output_only':
      return [closer]
    case 'closee_output_only':
      return [closee]
    case 'closer_and_closee_outputs':
      return [closer, closee]
    default:
      return unreachable(variant)
  }
}

function outputOf(script: Uint8Array, amountSat: Sat): TxOut {
  return { amountSat: classifyScript(script) === 'op_return' ? sat(0) : amountSat, script }
}

function closingTx(
  funding: FundingOutput,
  unsorted: readonly TxOut[],
  { sequence, locktime }: { readonly sequence: number; readonly locktime: number },
): ClosingTx {
  const outputs = unsorted.toSorted(compareOutputs)
  const inputs = [{ outpoint: funding.outpoint, scriptSig: new Uint8Array(0), sequence, witness: [] }]
  const tx = { version: 2, inputs, outputs, locktime }
  const feeSat = outputs.reduce((rest, output) => subtract(rest, output.amountSat), funding.amountSat)
  return { funding, tx, txid: txid(tx), feeSat }
}

function feeAboveBalance(message: string, feeSat: Sat, balanceSat: Sat): ClosingFailure {
  return {
    code: 'fee_above_balance',
    message: `expected a fee of at most ${balanceSat} sat, the balance of the one who pays it, got ${feeSat} (BOLT 2, ${message})`,
  }
}
