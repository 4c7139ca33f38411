import { type PMap, pmapDelete, pmapGet, pmapSet } from '../base/index.ts'
import { type LinkState, shortChannelIdOf } from '../link/index.ts'

// The links by the ids under which onions name them.

/** Where a link has come to stand elsewhere. An id goes to nobody else while it is in use: no other output is in the same place. */
export function renamed(shortIds: PMap<number>, index: number, before: LinkState, next: LinkState): PMap<number> {
  if (before.funding === next.funding && before.channel?.state === next.channel?.state) return shortIds
  const [was, is] = [shortChannelIdOf(before), shortChannelIdOf(next)]
  if (was === is) return shortIds
  const without = was !== undefined && pmapGet(shortIds, was) === index ? pmapDelete(shortIds, was) : shortIds
  return is === undefined ? without : pmapSet(without, is, index)
}
