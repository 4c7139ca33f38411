// base: what every room stands on. Units, identifiers, bytes, results, assertions, binary codecs.
// It must not know bitcoin, cryptography or any protocol. Start reading at units.ts.
export { assert, BugError, defined, unreachable } from './assert.ts'
export { DecodeError, type DecodeFailure, Reader, Writer } from './binary.ts'
export { BookendError, type BookendErrorCode, type BookendErrorOptions } from './bookendError.ts'
export type { Brand } from './brand.ts'
export { type Bucket, filled, taken } from './bucket.ts'
export { byteAt, bytesEqual, compareBytes, concat, fromHex, parseHex, reverseBytes, toHex } from './bytes.ts'
export { OwnedCache } from './cache.ts'
export {
  array,
  bool,
  type Codec,
  decode,
  decodeWithin,
  encode,
  fixedBytes,
  lengthPrefixed,
  mapped,
  oneOf,
  optional,
  remainder,
  struct,
  taggedUnion,
  u8,
  u16,
  u32,
  u64,
  u64Number,
  type ValueOf,
} from './codec.ts'
export {
  type BlockHash,
  blockHashFromWire,
  blockHashToWire,
  type ChannelId,
  channelId,
  channelIdFromOutPoint,
  type NodeId,
  nodeId,
  type OutPoint,
  outPointKey,
  type PaymentHash,
  paymentHash,
  type Txid,
  txidFromWire,
  txidToWire,
} from './ids.ts'
export { jsonDecode, jsonEncode } from './json.ts'
export {
  emptyPMap,
  type PMap,
  pmapChanges,
  pmapDelete,
  pmapEntries,
  pmapFrom,
  pmapGet,
  pmapHas,
  pmapSet,
  pmapValues,
} from './persistentMap.ts'
export { err, ok, type Result } from './result.ts'
export { hasShape, type Shape } from './shape.ts'
export {
  add,
  type FeeratePerKw,
  feeForWeight,
  feeratePerKw,
  MAX_MONEY_MSAT,
  MAX_MONEY_SAT,
  type Msat,
  msat,
  msatToSat,
  type Sat,
  sat,
  satToMsat,
  subtract,
  subtractOrZero,
} from './units.ts'
export { utf8, utf8Encode } from './utf8.ts'
