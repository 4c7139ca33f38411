import { type NodeId, pmapDelete, pmapGet, pmapSet } from '../base/index.ts'
import { type NegotiatedFeatures, NO_FEATURES } from '../channel/index.ts'
import { isNegotiated, newPeer } from '../peer/index.ts'
import { encodeMessage, type FeatureName, type Message } from '../wire/index.ts'
import type { EngineFailure, PeerEntry } from './types.ts'
import { act, linkAt, refuse, update, type Work } from './work.ts'

// What the node holds of each peer, and the way to it.

export function peerEntry(work: Work, nodeId: NodeId): PeerEntry {
  return pmapGet(work.state.peers, nodeId) ?? { state: newPeer(nodeId), links: [], asked: false, waiting: [] }
}

/** Keeps it, unless nobody has to do with this peer any more: strangers come and go. A dial that is under way is answered first. */
export function putPeerEntry(work: Work, entry: PeerEntry): void {
  const { nodeId, line, dial } = entry.state
  const isBusy = line.type !== 'none' || dial.phase.type === 'under_way'
  const isNeeded = isBusy || dial.wanted || entry.asked || entry.links.length > 0 || entry.waiting.length > 0
  const peers = isNeeded ? pmapSet(work.state.peers, nodeId, entry) : pmapDelete(work.state.peers, nodeId)
  if (peers !== work.state.peers) update(work, { peers })
}

export function withPeerLinks(
  work: Work,
  nodeId: NodeId,
  change: (links: readonly number[]) => readonly number[],
): void {
  const entry = peerEntry(work, nodeId)
  putPeerEntry(work, { ...entry, links: change(entry.links) })
}

const HOUR_MS = 3_600_000

/** Whether one more event that a peer brings about goes into the log: too many would push out those that matter. */
export function mayTell(work: Work, nodeId: NodeId): boolean {
  const entry = peerEntry(work, nodeId)
  const { now, limits } = work.context
  const told = entry.told === undefined || now >= entry.told.since + HOUR_MS ? { since: now, count: 0 } : entry.told
  if (told.count >= limits.engine.maxPeerEventsPerHour) return false
  putPeerEntry(work, { ...entry, told: { ...told, count: told.count + 1 } })
  return true
}

/** Whether the node has to do with the peer: one of its channels is not closed. */
export function hasLivingLinks(work: Work, { links }: Pick<PeerEntry, 'links'>): boolean {
  return links.some(index => linkAt(work, index)?.state.channel?.state !== 'closed')
}

/** Those who wait for the connection hear that it did not come to be. */
export function refuseWaiting(work: Work, nodeId: NodeId, failure: Pick<EngineFailure, 'code' | 'got'>): void {
  const entry = peerEntry(work, nodeId)
  const section = 'BOLT 1, connection handling'
  for (const request of entry.waiting) refuse(work, request, { ...failure, expected: 'init of the peer', section })
  putPeerEntry(work, { ...entry, waiting: [] })
}

/** What both sides' `init` allow on the connection that is up; nothing while none is. */
export function negotiatedWith(work: Pick<Work, 'state'>, nodeId: NodeId): NegotiatedFeatures {
  const line = pmapGet(work.state.peers, nodeId)?.state.line
  return line?.type === 'up' ? line.negotiated : NO_FEATURES
}

/** Whether a feature that no channel asks about is one of the connection that is up. */
export function isNegotiatedWith({ state, context }: Work, nodeId: NodeId, feature: FeatureName): boolean {
  const line = pmapGet(state.peers, nodeId)?.state.line
  return line?.type === 'up' && isNegotiated(context.features, line.features, feature)
}

export function isUp(work: Work, nodeId: NodeId): boolean {
  return pmapGet(work.state.peers, nodeId)?.state.line.type === 'up'
}

/** Lost where no connection is up: whatever must not be lost is said again when one is. */
export function sendTo(work: Work, nodeId: NodeId, message: Message): void {
  const line = pmapGet(work.state.peers, nodeId)?.state.line
  if (line?.type === 'up') act(work, { type: 'send', connection: line.connection, bytes: encodeMessage(message) })
}
