import { channelIdOf, type FundedChannel, type Htlc } from '../channel/index.ts'
import { fundedChannel } from './ghost.ts'
import type { WatchedWorld } from './observer.ts'

/**
 * Whether a channel waits for somebody who will not come, and rightly so (docs/backup.md): its own records are known to be an old copy, and
 * the only one who could publish a commitment knows the same of its own, or has no wish to; or the other side has forgotten the
 * channel, nobody knows where to find it, and no HTLC of ours has a deadline that ends it. What is on the chain waits for nobody.
 */
export function isLocked(channel: FundedChannel, peer: string, { chain, honest, lost }: WatchedWorld): boolean {
  if (chain.spendingTx(channel.durable.params.fundingOutpoint)?.height !== undefined) return false
  const other = honest.find(({ id }) => id === peer)
  if (other === undefined) return isBlind(channel)
  if (lost?.has(other) !== true) return false
  const theirs = fundedChannel(other.state, channelIdOf(channel))
  if (theirs !== undefined) return isBlind(channel) && isBlind(theirs)
  return isBlind(channel) || (channel.durable.phase.type !== 'closing' && channel.durable.htlcs.every(isTheirs))
}

/** Offered by a peer and not paid to us: whoever has forgotten it cannot take it back, and nothing of ours is in it. */
function isTheirs({ offeredBy, resolution }: Htlc): boolean {
  return offeredBy === 'remote' && resolution?.type !== 'fulfill'
}

/** It has proof that its copy is old, and leaves the end to the peer. */
function isBlind({ durable: { phase } }: FundedChannel): boolean {
  return phase.type === 'closing' && !phase.cause.mayPublishCommitment
}
