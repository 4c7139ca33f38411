import {
  array,
  type BlockHash,
  blockHashFromWire,
  blockHashToWire,
  type Codec,
  encode,
  fixedBytes,
  mapped,
  struct,
} from '../base/index.ts'
import { sha256d } from '../crypto/index.ts'
import { compactSize } from './compactSize.ts'
import { txCodec } from './encode.ts'
import type { Tx } from './tx.ts'

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
