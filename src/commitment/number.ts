import { assert, concat } from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'
import { sha256 } from '../crypto/index.ts'

// A commitment transaction carries its own number, obscured, in locktime and sequence (BOLT 3, commitment transaction).

/** The largest commitment number: 48 bits. */
export const MAX_COMMITMENT_NUMBER = 2 ** 48 - 1

const LOW_24_BITS = 0xffffffn
const LOCKTIME_PREFIX = 0x20
const SEQUENCE_PREFIX = 0x80

/** The 48 bits that commitment numbers are XORed with. Payment basepoints, 33 bytes, the opener's first. */
export function obscuringFactor(openerPaymentBasepoint: Uint8Array, accepterPaymentBasepoint: Uint8Array): bigint {
  const hash = sha256(concat(openerPaymentBasepoint, accepterPaymentBasepoint))
  return hash.slice(26).reduce((factor, byte) => (factor << 8n) | BigInt(byte), 0n)
}

/** The locktime and sequence of the commitment with this number. */
export function obscuredNumber(
  number: number,
  factor: bigint,
): { readonly locktime: number; readonly sequence: number } {
  assert(
    Number.isInteger(number) && number >= 0 && number <= MAX_COMMITMENT_NUMBER,
    () => `commitment number ${number}`,
  )
  const obscured = BigInt(number) ^ factor
  return {
    locktime: LOCKTIME_PREFIX * 2 ** 24 + Number(obscured & LOW_24_BITS),
    sequence: SEQUENCE_PREFIX * 2 ** 24 + Number(obscured >> 24n),
  }
}

/** The number of the commitment that a transaction is; `undefined` where it does not have a commitment's form. */
export function commitmentNumberOf(tx: Tx, factor: bigint): number | undefined {
  const [input] = tx.inputs
  if (input === undefined || tx.inputs.length !== 1) return undefined
  if (tx.locktime >>> 24 !== LOCKTIME_PREFIX || input.sequence >>> 24 !== SEQUENCE_PREFIX) return undefined
  const obscured = (BigInt(input.sequence & 0xffffff) << 24n) | BigInt(tx.locktime & 0xffffff)
  return Number(obscured ^ factor)
}
