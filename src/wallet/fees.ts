import { type FeeratePerKw, type Sat, sat } from '../base/index.ts'
import { P2WPKH_INPUT_WEIGHT, type Tx, type TxOut, txWeight } from '../bitcoin/index.ts'

/**
 * The weight of a signed payment with this many P2WPKH inputs. The truth or a little more: at most one unit for each byte that a
 * signature is shorter than 71.
 */
export function paymentWeight(inputs: number, outputs: readonly TxOut[]): number {
  // Without inputs the codec counts the base alone; their own weight, and the bytes of their count, are added here.
  const bare: Tx = { version: 2, inputs: [], outputs, locktime: 0 }
  const countBytes = inputs < 0xfd ? 0 : 2
  const markerAndFlag = 2
  return txWeight(bare) + 4 * countBytes + markerAndFlag + inputs * P2WPKH_INPUT_WEIGHT
}

/** Rounded up, so that the feerate that was asked for is reached. */
export function paymentFee(feeratePerKw: FeeratePerKw, weight: number): Sat {
  return sat((BigInt(feeratePerKw) * BigInt(weight) + 999n) / 1000n)
}
