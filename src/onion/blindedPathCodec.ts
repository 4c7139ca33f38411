import {
  array,
  type Codec,
  concat,
  DecodeError,
  lengthPrefixed,
  mapped,
  type NodeId,
  Reader,
  struct,
  u8,
  u16,
} from '../base/index.ts'
import { shortChannelIdCodec } from '../wire/index.ts'
import type { BlindedHop, BlindedPath, DirectedChannel } from './blindedPath.ts'
import { nodeIdOnCurve, pointCodec } from './fields.ts'

/** BOLT 1, `sciddir_or_pubkey`: the first byte says which of the two it is. */
const firstNodeId: Codec<NodeId | DirectedChannel> = {
  write(writer, first) {
    if (typeof first === 'string') return nodeIdOnCurve.write(writer, first)
    writer.u8(first.direction)
    shortChannelIdCodec.write(writer, first.shortChannelId)
  },
  read(reader) {
    const direction = reader.u8()
    if (direction === 0 || direction === 1) return { direction, shortChannelId: shortChannelIdCodec.read(reader) }
    return nodeIdOnCurve.read(new Reader(concat(Uint8Array.of(direction), reader.bytes(32))))
  },
}

const hops: Codec<readonly BlindedHop[]> = mapped(
  array(u8, struct({ blindedNodeId: nodeIdOnCurve, encryptedRecipientData: lengthPrefixed(u16) })),
  path => {
    if (path.length === 0)
      throw new DecodeError('invalid', 'expected a path of at least one hop (BOLT 4, route blinding)')
    return path
  },
  path => path,
)

/** `blinded_path` (BOLT 4, route blinding), as messages and offers carry it. */
export const blindedPathCodec: Codec<BlindedPath> = struct({ firstNodeId, firstPathKey: pointCodec, path: hops })
