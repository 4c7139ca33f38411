import { type NodeId, pmapValues, utf8Encode } from '../base/index.ts'
import { isUnfunded, NEW_LINK } from '../link/index.ts'
import type { OpenChannel } from '../wire/index.ts'
import { addLink, stepLink, takeLinkIndex } from './links.ts'
import { peerEntry, sendTo } from './peerEntries.ts'
import { linkAt, type Work } from './work.ts'

/** A peer asks for a channel: a link of its own, unless there are too many already. */
export function acceptChannel(work: Work, peer: NodeId, message: OpenChannel): void {
  const complaint = tooMany(work, peer) ?? tooManyStrangers(work, peer)
  if (complaint !== undefined) {
    const { temporaryChannelId } = message
    sendTo(work, peer, { type: 'error', channelId: temporaryChannelId, data: utf8Encode(complaint) })
    return
  }
  const index = takeLinkIndex(work)
  addLink(work, { index, peer, createdAt: work.context.now, state: { ...NEW_LINK, connection: 'connected' } })
  stepLink(work, index, { type: 'message', message })
}

/**
 * Why one more channel with this peer is too many, whoever asks for it; looked at before anything is kept (BOLT 2, open_channel,
 * receiver).
 */
export function tooMany(work: Work, peer: NodeId): string | undefined {
  const { maxUnfundedPerPeer, maxChannelsPerPeer } = work.context.limits.engine
  const links = peerEntry(work, peer).links.flatMap(index => linkAt(work, index) ?? [])
  const living = links.filter(({ state }) => state.channel?.state !== 'closed')
  const unfunded = living.filter(({ state }) => isUnfunded(state))
  if (unfunded.length >= maxUnfundedPerPeer) return `${unfunded.length} channels are being opened already`
  if (living.length >= maxChannelsPerPeer) return `${living.length} channels are more than enough`
  return undefined
}

/** Strangers are many, and all of them together may keep no more than so many openings; our own user is none of them. */
function tooManyStrangers(work: Work, peer: NodeId): string | undefined {
  const isKnown = peerEntry(work, peer).links.some(index => {
    const state = linkAt(work, index)?.state
    return state !== undefined && state.channel?.state !== 'closed' && !isUnfunded(state)
  })
  if (isKnown || unfundedOfStrangers(work) < work.context.limits.engine.maxUnfundedOfStrangers) return undefined
  return 'too many peers are opening channels now'
}

/** One pass over all links: openings are rare. */
function unfundedOfStrangers(work: Work): number {
  const known = new Set<NodeId>()
  const opening: NodeId[] = []
  for (const { peer, state } of pmapValues(work.state.links)) {
    if (isUnfunded(state)) opening.push(peer)
    else known.add(peer)
  }
  return opening.filter(peer => !known.has(peer)).length
}
