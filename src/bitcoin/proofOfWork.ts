import type { BlockHash } from '../base/index.ts'

// Targets and work, as Bitcoin Core's arith_uint256.cpp and chain.cpp count them.

/** The number that a block's hash must not exceed, from its compact form; zero for a negative one or an overflow. */
export function targetOf(bits: number): bigint {
  const exponent = bits >>> 24
  const mantissa = BigInt(bits & 0x7fffff)
  if ((bits & 0x800000) !== 0 || exponent > 34) return 0n
  return exponent <= 3 ? mantissa >> BigInt(8 * (3 - exponent)) : mantissa << BigInt(8 * (exponent - 3))
}

/** The compact form of a target, which keeps its first 23 or so bits. */
export function bitsOf(target: bigint): number {
  let size = Math.ceil(target.toString(2).length / 8)
  let mantissa = size <= 3 ? target << BigInt(8 * (3 - size)) : target >> BigInt(8 * (size - 3))
  // The highest bit of the mantissa is its sign.
  if ((mantissa & 0x800000n) !== 0n) {
    mantissa >>= 8n
    size += 1
  }
  return size * 2 ** 24 + Number(mantissa)
}

/** Expected number of hashes behind a block: what chains are compared by. */
export function workOf(bits: number): bigint {
  return (1n << 256n) / (targetOf(bits) + 1n)
}

export function meetsTarget(hash: BlockHash, bits: number): boolean {
  return BigInt(`0x${hash}`) <= targetOf(bits)
}
