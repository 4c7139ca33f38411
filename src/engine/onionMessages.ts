import { type Bucket, filled, type NodeId, pmapGet, taken } from '../base/index.ts'
import { type NextHop, openOnionMessage } from '../onion/index.ts'
import type { OnionMessage } from '../wire/index.ts'
import { isFunded } from './links.ts'
import { isNegotiatedWith, peerEntry, putPeerEntry, sendTo } from './peerEntries.ts'
import type { OnionMessageAllowance } from './types.ts'
import { linkAt, update, type Work } from './work.ts'

// Messages without a payment that peers send to each other through us (BOLT 4, onion messages). Nothing of them is stored, and nobody is
// ever told what became of one.

/**
 * Passes it on to its next hop, where that is a peer who is there and knows such messages. All else is dropped: what nobody can read, what
 * is too much, and what is for us, since nobody here listens.
 *
 * Cost: one onion where the sender has not used up its share; else nothing.
 */
export function relayOnionMessage(work: Work, from: NodeId, message: OnionMessage): void {
  const { limits, nodeSecret } = work.context
  if (message.onionMessagePacket.length > limits.engine.maxOnionMessageBytes) return
  if (!mayPass(work, from, 'from')) return
  const opened = openOnionMessage({ message, nodeSecret })
  if (!opened.ok || opened.value.type === 'final') return
  const to = peerFor(work, opened.value.nextHop)
  if (to === undefined || !isNegotiatedWith(work, to, 'option_onion_messages') || !mayPass(work, to, 'to')) return
  sendTo(work, to, { type: 'onion_message', ...opened.value.message })
}

/** By a channel that is announced, or by an alias of ours, or by its id. */
function peerFor({ state }: Work, nextHop: NextHop): NodeId | undefined {
  if (nextHop.type === 'node') return nextHop.nodeId
  const index = pmapGet(state.shortIds, nextHop.shortChannelId)
  return index === undefined ? undefined : pmapGet(state.links, String(index))?.peer
}

/** Counts it where it may pass. Who comes without a channel costs nothing to make, so all of those have one share together. */
function mayPass(work: Work, peer: NodeId, direction: keyof OnionMessageAllowance): boolean {
  const { now, limits } = work.context
  const size = { most: limits.engine.maxOnionMessagesAtOnce, perSecond: limits.engine.onionMessagesPerSecond }
  const entry = peerEntry(work, peer)
  const hasChannel = entry.links.some(index => isFunded(linkAt(work, index)?.state.channel))
  const full: Bucket = { left: size.most, at: now }
  const held = hasChannel ? entry.onionMessages : work.state.strangersOnionMessages
  const { from, to } = held ?? { from: full, to: full }
  const bucket = filled({ from, to }[direction], size, now)
  const isLeft = bucket.left >= 1
  // Kept also where none is left: it tells the time, which may have been set back.
  const next: OnionMessageAllowance = { from, to, [direction]: isLeft ? taken(bucket, 1) : bucket }
  if (hasChannel) putPeerEntry(work, { ...entry, onionMessages: next })
  else update(work, { strangersOnionMessages: next })
  return isLeft
}
