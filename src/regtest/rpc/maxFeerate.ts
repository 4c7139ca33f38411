import { ok, type Result, type Sat, sat } from '../../base/index.ts'
import type { Tx } from '../../bitcoin/index.ts'
import { isUnspendable } from '../script.ts'
import { fail, RPC, type RpcFailure } from './failure.ts'

// Guards of the sender against paying far too much (Core's `maxfeerate`, `maxburnamount`).

/** 0.10 BTC per 1000 virtual bytes. */
export const DEFAULT_MAX_FEERATE: Sat = sat(10_000_000)
export const DEFAULT_MAX_BURN: Sat = sat(0)
/** From here on a `maxfeerate` is taken for a mistake itself: 1 BTC per 1000 virtual bytes. */
const ABSURD_FEERATE_SAT = 100_000_000n

/** The limit as it was asked for, in satoshis per 1000 virtual bytes; 0 is none. */
export function feerateLimit(maxfeerate: Sat): Result<bigint, RpcFailure> {
  if (maxfeerate < ABSURD_FEERATE_SAT) return ok(maxfeerate)
  return fail(RPC.INVALID_PARAMETER, 'Fee rates larger than or equal to 1BTC/kvB are not accepted')
}

/** Whether a fee, where it is known, is above the limit for the size. */
export function exceedsFeerate(feeSat: bigint | undefined, vsize: number, limitSatPerKvB: bigint): boolean {
  return limitSatPerKvB > 0n && feeSat !== undefined && feeSat * 1000n > limitSatPerKvB * BigInt(vsize)
}

/** Refuses an output that nobody can ever spend and that holds more than the sender means to lose. */
export function checkBurn(tx: Tx, mostSat: Sat): Result<null, RpcFailure> {
  if (!tx.outputs.some(({ script, amountSat }) => isUnspendable(script) && amountSat > mostSat)) return ok(null)
  return fail(RPC.VERIFY_ERROR, 'Unspendable output exceeds maximum configured by user (maxburnamount)')
}
