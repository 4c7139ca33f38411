import { assert, type BlockHash } from '../base/index.ts'
import type { BlockHeader } from '../bitcoin/index.ts'
import { blockHashOf } from './blockHash.ts'

/** The number that a block's hash must not exceed, from its compact form; zero for a negative one or an overflow. */
export function targetOf(bits: number): bigint {
  const exponent = bits >>> 24
  const mantissa = BigInt(bits & 0x7fffff)
  if ((bits & 0x800000) !== 0 || exponent > 34) return 0n
  return exponent <= 3 ? mantissa >> BigInt(8 * (3 - exponent)) : mantissa << BigInt(8 * (exponent - 3))
}

/** Expected number of hashes behind a block: what chains are compared by. */
export function workOf(bits: number): bigint {
  return (1n << 256n) / (targetOf(bits) + 1n)
}

export function meetsTarget(hash: BlockHash, bits: number): boolean {
  return BigInt(`0x${hash}`) <= targetOf(bits)
}

/** Tries nonces until the hash meets the target: on regtest every second one does. */
export function solve(header: BlockHeader): BlockHeader {
  for (let nonce = 0; nonce <= 0xffffffff; nonce++) {
    const candidate = { ...header, nonce }
    if (meetsTarget(blockHashOf(candidate), header.bits)) return candidate
  }
  assert(false, `no nonce satisfies the target ${header.bits.toString(16)}`)
}
