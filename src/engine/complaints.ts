import { type ChannelId, type NodeId, utf8Encode } from '../base/index.ts'
import { sendTo } from './peerEntries.ts'
import type { Work } from './work.ts'

// What is said to a peer that has done what it must not, where no channel is to blame.

/** Stands for all channels with the peer, in an `error` or a `warning` (BOLT 1). */
export const ALL_CHANNELS = '00'.repeat(32) as ChannelId

/** A warning that names no channel: an error would fail what the id stands for. */
export function warn(work: Work, nodeId: NodeId, text: string): void {
  sendTo(work, nodeId, { type: 'warning', channelId: ALL_CHANNELS, data: utf8Encode(text) })
}

export function hangUp(work: Work, nodeId: NodeId, text: string): void {
  warn(work, nodeId, text)
  work.tasks.push({ to: 'peer', nodeId, input: { type: 'hang_up', reason: text } })
}
