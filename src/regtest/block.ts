import {
  array,
  assert,
  type BlockHash,
  blockHashFromWire,
  blockHashToWire,
  type Codec,
  encode,
  fixedBytes,
  mapped,
  struct,
} from '../base/index.ts'
import { compactSize, type Tx, txCodec } from '../bitcoin/index.ts'
import { sha256d } from '../crypto/index.ts'

/** The 80 bytes that proof of work is done on. */
export interface BlockHeader {
  /** Signed 32 bits. */
  readonly version: number
  readonly previous: BlockHash
  /** 32 bytes, wire order. */
  readonly merkleRoot: Uint8Array
  /** Seconds since 1970. */
  readonly time: number
  /** The target in its compact form. */
  readonly bits: number
  readonly nonce: number
}

export interface Block {
  readonly header: BlockHeader
  /** The coinbase first. */
  readonly transactions: readonly Tx[]
}

const uint32LE: Codec<number> = {
  write: (writer, value) => writer.uintLE(value >>> 0, 4),
  read: reader => reader.uintLE(4),
}
const int32LE: Codec<number> = { write: uint32LE.write, read: reader => reader.uintLE(4) | 0 }

export const headerCodec: Codec<BlockHeader> = struct({
  version: int32LE,
  previous: mapped(fixedBytes(32), blockHashFromWire, blockHashToWire),
  merkleRoot: fixedBytes(32),
  time: uint32LE,
  bits: uint32LE,
  nonce: uint32LE,
})

/** A block as it stands on the wire and on disk. */
export const blockCodec: Codec<Block> = struct({ header: headerCodec, transactions: array(compactSize, txCodec) })

export function headerHash(header: BlockHeader): BlockHash {
  return blockHashFromWire(sha256d(encode(headerCodec, header)))
}

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
    if (meetsTarget(headerHash(candidate), header.bits)) return candidate
  }
  assert(false, `no nonce satisfies the target ${header.bits.toString(16)}`)
}
