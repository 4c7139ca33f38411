import {
  assert,
  type Codec,
  concat,
  decode,
  encode,
  fixedBytes,
  fromHex,
  mapped,
  msat,
  nodeId,
  struct,
  u16,
  u32,
} from '../base/index.ts'
import { isPublicKey } from '../crypto/index.ts'
import { shortChannelIdCodec } from '../wire/index.ts'
import type { RouteHintHop } from './types.ts'
import { bytesToWords, wordsToBytes } from './words.ts'

/** One entry of an `r` field (BOLT 11, Tagged Fields). */
const HOP_BYTES = 51

const hopCodec: Codec<RouteHintHop> = struct({
  nodeId: mapped(fixedBytes(33), nodeId, fromHex),
  shortChannelId: shortChannelIdCodec,
  feeBaseMsat: mapped(u32, msat, Number),
  feeProportionalMillionths: u32,
  cltvExpiryDelta: u16,
})

/** The hops of an `r` field; `undefined` where it is no whole number of them, or one starts at what is no node id. */
export function readRouteHint(words: Uint8Array): readonly RouteHintHop[] | undefined {
  const bytes = wordsToBytes(words, 'the route hint (r)')
  if (bytes.length === 0 || bytes.length % HOP_BYTES !== 0) return undefined
  const hops: RouteHintHop[] = []
  // Cost: one point is parsed for each hop, so at most 86 for the longest text.
  for (let start = 0; start < bytes.length; start += HOP_BYTES) {
    const hop = decode(hopCodec, bytes.subarray(start, start + HOP_BYTES))
    assert(hop.ok, 'any 51 bytes are a hop')
    if (!isPublicKey(fromHex(hop.value.nodeId))) return undefined
    hops.push(hop.value)
  }
  return hops
}

export function writeRouteHint(hops: readonly RouteHintHop[]): Uint8Array {
  return bytesToWords(concat(...hops.map(hop => encode(hopCodec, hop))))
}
