import {
  type BlockHash,
  blockHashFromWire,
  blockHashToWire,
  type ChannelId,
  type Codec,
  channelId,
  DecodeError,
  type FeeratePerKw,
  feeratePerKw,
  fixedBytes,
  fromHex,
  lengthPrefixed,
  type Msat,
  mapped,
  msat,
  type NodeId,
  nodeId,
  type PaymentHash,
  paymentHash,
  type Sat,
  sat,
  type Txid,
  toHex,
  txidFromWire,
  txidToWire,
  u16,
  u32,
  u64,
} from '../base/index.ts'

// The types that the message tables of the BOLTs name, each with the kind of value that the program holds.

/** Any 64-bit amount: peers say "no limit" with all ones, so the 21 million bound is for the rules, not for the reader. */
export const satoshis: Codec<Sat> = mapped(u64, sat, amount => amount)
/** Any 64-bit amount; see `satoshis`. */
export const millisatoshis: Codec<Msat> = mapped(u64, msat, amount => amount)
/** An amount in millisatoshis that the wire gives four bytes, as it does for `fee_base_msat` (BOLT 7). */
export const millisatoshis32: Codec<Msat> = mapped(u32, msat, Number)
export const feeratePerKwCodec: Codec<FeeratePerKw> = mapped(u32, feeratePerKw, feerate => feerate)

export const channelIdCodec: Codec<ChannelId> = mapped(fixedBytes(32), channelId, fromHex)
export const paymentHashCodec: Codec<PaymentHash> = mapped(fixedBytes(32), paymentHash, fromHex)
/** A `chain_hash` is the hash of the genesis block, in wire order on the wire. */
export const chainHash: Codec<BlockHash> = mapped(fixedBytes(32), blockHashFromWire, blockHashToWire)
export const txidCodec: Codec<Txid> = mapped(fixedBytes(32), txidFromWire, txidToWire)

/** A 64-byte signature in compact form. */
export const signature: Codec<Uint8Array> = fixedBytes(64)
export const bytes32: Codec<Uint8Array> = fixedBytes(32)
/** A length of two bytes, then that many bytes. */
export const shortBytes: Codec<Uint8Array> = lengthPrefixed(u16)

/** A compressed point. Only its first byte is judged here; whether it is on the curve is for who computes with it. */
export const point: Codec<Uint8Array> = mapped(
  fixedBytes(33),
  bytes => {
    if (bytes[0] !== 2 && bytes[0] !== 3) {
      throw new DecodeError('invalid', `expected a compressed point, got ${toHex(bytes)} (BOLT 1, fundamental types)`)
    }
    return bytes
  },
  bytes => bytes,
)
export const nodeIdCodec: Codec<NodeId> = mapped(point, nodeId, fromHex)

/** A record without a value, which says something by being there. */
export const present: Codec<true> = { write: () => {}, read: () => true }
