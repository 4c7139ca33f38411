import {
  type ChannelId,
  concat,
  fromHex,
  type PMap,
  pmapDelete,
  pmapGet,
  pmapSet,
  Reader,
  utf8Encode,
} from '../base/index.ts'
import { hmacSha256 } from '../crypto/index.ts'
import { shortChannelIdOf } from '../link/index.ts'
import { FEATURES, hasFeature, type ShortChannelId, shortChannelId } from '../wire/index.ts'
import type { Link } from './types.ts'

// The links by the ids under which onions name them: where the funding output stands, and the alias that we tell the peer.

/** Some three hundred years from the first block: no funding output stands there. */
const ALIAS_HEIGHTS = 0xf0_0000

/** An id that leads nobody but its peer and whom that tells to the channel (BOLT 2, channel_ready). The same each time. */
export function aliasOf(channelSeed: Uint8Array, channelId: ChannelId): ShortChannelId {
  const hash = hmacSha256(channelSeed, concat(utf8Encode('short_channel_id alias'), fromHex(channelId)))
  const reader = new Reader(hash)
  const [height, txIndex, outputIndex] = [reader.uint(3), reader.uint(3), reader.uint(2)]
  return shortChannelId({ blockHeight: ALIAS_HEIGHTS | height, txIndex, outputIndex })
}

/** Where a link has come to stand elsewhere. An id goes to nobody else while it is in use: no other output is in the same place. */
export function renamed(shortIds: PMap<number>, before: Link | undefined, next: Link): PMap<number> {
  const [was, are] = [before === undefined ? [] : namesOf(before), namesOf(next)]
  let now = shortIds
  for (const id of was) if (!are.includes(id) && pmapGet(now, id) === next.index) now = pmapDelete(now, id)
  for (const id of are) if (!was.includes(id)) now = pmapSet(now, id, next.index)
  return now
}

/** None before both sides are ready: nothing can go through it. */
function namesOf({ alias, state }: Link): readonly ShortChannelId[] {
  const { channel } = state
  if (channel === undefined || !('durable' in channel)) return []
  const { ready, params } = channel.durable
  if (!ready.local || !ready.remote) return []
  // With option_scid_alias in its type no onion may name it by where it stands (BOLT 2, channel_ready).
  const isPrivate = hasFeature(params.channelType, FEATURES.option_scid_alias.bit)
  return [isPrivate ? undefined : shortChannelIdOf(state), alias].filter(id => id !== undefined)
}
