import {
  type Codec,
  DecodeError,
  fixedBytes,
  fromHex,
  type Msat,
  mapped,
  msat,
  type NodeId,
  nodeId,
  toHex,
} from '../base/index.ts'
import { isPublicKey } from '../crypto/index.ts'
import { tu64 } from '../wire/index.ts'

// Values that several of the streams within onions share.

/** A millisatoshi amount without leading zeros. */
export const truncatedMsat: Codec<Msat> = mapped(tu64, msat, amount => amount)

/** A point that is on the curve, checked here, so that whoever computes with it need not. */
export const pointCodec: Codec<Uint8Array> = mapped(
  fixedBytes(33),
  bytes => {
    if (!isPublicKey(bytes)) {
      throw new DecodeError('invalid', `expected a point on the curve, got ${toHex(bytes)} (BOLT 1, fundamental types)`)
    }
    return bytes
  },
  bytes => bytes,
)

export const nodeIdOnCurve: Codec<NodeId> = mapped(pointCodec, nodeId, fromHex)
