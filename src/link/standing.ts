import type { Txid } from '../base/index.ts'
import { wasResolved } from '../onchain/index.ts'
import type { LinkState } from './types.ts'

// What the floors above ask of a link, without knowing its parts.

/** Whether HTLCs can be offered now: the channel is open, and its peer is there and has said where it stands. */
export function isUsable({ channel }: LinkState): boolean {
  return channel?.state === 'normal' && 'session' in channel && channel.session.connection === 'connected'
}

/**
 * Whether blocks mean nothing to it: nothing waits for a confirmation or has a deadline, and nothing of it is on the chain but its
 * funding output. Of ten thousand channels nearly all are so at any time.
 */
export function isIdle(state: LinkState): boolean {
  const { channel, onchain, funding } = state
  if (channel === undefined || channel.state === 'aborted') return true
  if (channel.state === 'closed') return isOver(state)
  if (channel.state !== 'normal' || !('durable' in channel)) return false
  if (funding === undefined || channel.durable.unconfirmed !== undefined) return false
  if (channel.durable.htlcs.length > 0) return false
  return onchain === undefined || (onchain.facts.transactions.length === 0 && onchain.claims.length === 0)
}

/** A reorganisation may bring back what was resolved, however deep it was, or undo the end itself: then all is claimed again. */
function isOver({ onchain, funding }: Pick<LinkState, 'onchain' | 'funding'>): boolean {
  if (onchain === undefined || wasResolved(onchain)) return true
  return onchain.facts.transactions.length === 0 && funding === undefined
}

/**
 * Whether no block has shown its funding, as deep as it has to be. Until one does it may have cost its opener nothing, whatever
 * became of it: also where it has failed.
 */
export function isUnfunded({ channel }: LinkState): boolean {
  if (channel === undefined || !('durable' in channel)) return true
  const { ready, unconfirmed } = channel.durable
  return channel.state !== 'closed' && (!ready.local || unconfirmed !== undefined)
}

/** The funding transaction of a channel that we fund and no block has shown, as deep as it has to be. */
export function ownFunding(state: LinkState): Txid | undefined {
  const { channel } = state
  if (channel === undefined || !('durable' in channel) || !isUnfunded(state)) return undefined
  const { role, fundingOutpoint } = channel.durable.params
  return role === 'opener' ? fundingOutpoint.txid : undefined
}

/** The same of a channel into which we have put nothing: it is the peer's to fund. */
export function isUnfundedByPeer(state: LinkState): boolean {
  const { channel } = state
  if (channel === undefined || channel.state === 'aborted' || !isUnfunded(state)) return false
  return ('durable' in channel ? channel.durable.params : channel).role === 'accepter'
}

/** Whether such a one has failed already, and nothing of it was ever seen. */
export function isFailedOpening(state: LinkState): boolean {
  return state.channel?.state === 'closing' && isUnfundedByPeer(state) && state.onchain?.facts.transactions.length === 0
}

/** Whether the blocks from `height` on hold anything of it, so that their end means something to it. */
export function isTouchedAbove({ funding, onchain }: LinkState, height: number): boolean {
  if (funding !== undefined && funding.height >= height) return true
  return onchain?.facts.transactions.some(tx => tx.height >= height) === true
}
