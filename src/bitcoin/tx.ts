import type { OutPoint, Sat } from '../base/index.ts'

// A transaction is plain readonly data. Its bytes, ids and weights are functions over it.

export interface TxIn {
  readonly outpoint: OutPoint
  /** Empty for segwit inputs. */
  readonly scriptSig: Uint8Array
  readonly sequence: number
  /** Empty while unsigned, and for non-segwit inputs. */
  readonly witness: readonly Uint8Array[]
}

export interface TxOut {
  readonly amountSat: Sat
  readonly script: Uint8Array
}

export interface Tx {
  /** Signed 32 bits in consensus; ours are 2, or 3 for TRUC. */
  readonly version: number
  readonly inputs: readonly TxIn[]
  readonly outputs: readonly TxOut[]
  readonly locktime: number
}
