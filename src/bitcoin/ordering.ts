import { compareBytes } from '../base/index.ts'
import type { TxOut } from './tx.ts'

/** The order of outputs in BIP 69: smaller amount first, then the script as bytes, shorter first. */
export function compareOutputs(a: TxOut, b: TxOut): number {
  if (a.amountSat !== b.amountSat) return a.amountSat < b.amountSat ? -1 : 1
  return compareBytes(a.script, b.script)
}
