import { pmapChanges, pmapGet } from '../../base/index.ts'
import { channelIdOf, type FundedChannel } from '../../channel/index.ts'
import type { Link } from '../../engine/index.ts'
import type { Turn } from '../observer.ts'

/** A link that a turn has changed, as it was and as it is. */
export interface ChangedLink {
  readonly before: Link | undefined
  readonly after: Link
}

const NONE = [] as const
// Several rules ask the same of each turn, one after the other.
const known = new WeakMap<object, readonly ChangedLink[]>()

/** Cost: one look at what no longer is shared by both, once for a turn. */
export function changedLinks(turn: Pick<Turn, 'before' | 'after'>): readonly ChangedLink[] {
  if (turn.before.links === turn.after.links) return NONE
  const found = known.get(turn) ?? compared(turn)
  known.set(turn, found)
  return found
}

function compared({ before, after }: Pick<Turn, 'before' | 'after'>): readonly ChangedLink[] {
  return pmapChanges(before.links, after.links).map(([key, link]) => ({
    before: pmapGet(before.links, key),
    after: link,
  }))
}

export function fundedOf(link: Link | undefined): FundedChannel | undefined {
  const channel = link?.state.channel
  return channel !== undefined && 'durable' in channel ? channel : undefined
}

/** How a channel is called in a complaint. */
export const nameOf = (channel: FundedChannel): string => `channel ${channelIdOf(channel).slice(0, 8)}`
