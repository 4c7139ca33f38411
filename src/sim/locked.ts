import { channelIdOf, type FundedChannel } from '../channel/index.ts'
import { linksOf } from './node.ts'
import type { WatchedNode, WatchedWorld } from './observer.ts'

/**
 * Whether a channel waits for somebody who will not come, and rightly so (docs/backup.md): its own records are known to be an old copy,
 * and the only one who could publish a commitment has lost data too, or has no wish to; or the other side has forgotten the channel,
 * and nobody knows where to find it.
 */
export function isLocked(channel: FundedChannel, peer: string, { honest, lost }: WatchedWorld): boolean {
  const { phase } = channel.durable
  const other = honest.find(({ id }) => id === peer)
  const isBlind = phase.type === 'closing' && !phase.cause.mayPublishCommitment
  if (other === undefined) return isBlind
  return lost?.has(other) === true && (isBlind || !knows(other, channel))
}

function knows({ state }: WatchedNode, channel: FundedChannel): boolean {
  return linksOf(state).some(
    ({ state: { channel: known } }) => known !== undefined && channelIdOf(known) === channelIdOf(channel),
  )
}
