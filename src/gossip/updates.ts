import { type NodeId, pmapGet, pmapHas, pmapSet } from '../base/index.ts'
import { type ChannelUpdate, encodeMessage, type NodeAnnouncement } from '../wire/index.ts'
import { setNode, setPolicy } from './edit.ts'
import { closing, type GossipFailure, ignored } from './failure.ts'
import { channelAt, findChannel, findNode, nodeAt } from './graph.ts'
import { CHANNEL, NODE } from './layout.ts'
import { checksumOf, directionOf, isDisabled, isPrivate, policyOf, signatureHolds } from './messages.ts'
import { tellOn } from './news.ts'
import { nodeFacts } from './nodeFacts.ts'
import { channelAllowance, mayTake, nodeAllowance, take } from './rates.ts'
import { channelKey, nodeKey, updateKey } from './records.ts'
import { change, changeGraph, mayVerify, put, refuse, secondsOf, type Turn } from './turn.ts'
import type { Pending } from './types.ts'

// What the ends of a known channel say of it, and nodes of themselves (BOLT 7, channel_update and node_announcement).

export function onChannelUpdate(turn: Turn, peer: NodeId, update: ChannelUpdate): void {
  const pending = pmapGet(turn.state.pending, update.shortChannelId)
  // Only what comes from the same peer: its signature is judged later, and at that peer's cost.
  if (pending?.from === peer) {
    hold(turn, pending, update)
    return
  }
  const row = findChannel(turn.state.graph, update.shortChannelId)
  const failure = complaintAboutUpdate(turn, { peer, update, row })
  if (failure !== undefined) {
    if (failure.code === 'unknown_channel') want(turn, update)
    refuse(turn, peer, failure)
  } else if (row !== undefined) applyUpdate(turn, row, update, peer)
}

/** `peer` undefined: our own. */
export function applyUpdate(turn: Turn, row: number, update: ChannelUpdate, peer: NodeId | undefined): void {
  const { now, limits } = turn.context
  const { shortChannelId, timestamp } = update
  const direction = directionOf(update)
  const { policies } = channelAt(turn.state.graph, row)
  const isFirst = policies[0] === undefined && policies[1] === undefined
  changeGraph(turn, draft => {
    setPolicy(draft, row, direction, policyOf(update))
    take(draft.channels, { row, field: CHANNEL.ALLOWANCE, half: direction }, now, limits)
  })
  put(turn, updateKey(shortChannelId, direction), encodeMessage(update))
  // An announcement without an update is not told on, and goes out before the first one (BOLT 7, gossip_timestamp_filter).
  const news = { from: peer, timestamp: peer === undefined ? undefined : timestamp }
  if (isFirst) tellOn(turn, channelKey(shortChannelId), news)
  tellOn(turn, updateKey(shortChannelId, direction), news)
}

/** The cheap questions first. Cost: 1 verification. */
function complaintAboutUpdate(
  turn: Turn,
  { peer, update, row }: { readonly peer: NodeId; readonly update: ChannelUpdate; readonly row: number | undefined },
): GossipFailure | undefined {
  const { state, context } = turn
  const { limits } = context
  const { shortChannelId, timestamp } = update
  if (update.chainHash !== context.chainHash) return ignored('other_chain', 'the channel is on another chain')
  // One that has come too early for us to know its channel is no reason to ask anybody for that.
  if (isPrivate(update))
    return ignored('private', 'an update that is not to be forwarded is for a peer of that channel')
  if (row === undefined) return ignored('unknown_channel', `channel ${shortChannelId} was not announced`)
  if (update.unknownFields.length > limits.maxUnknownBytes)
    return ignored('too_long', 'the update is longer than is kept')
  const late = complaintAboutTime(turn, timestamp)
  if (late !== undefined) return late
  const { nodeIds, policies, capacitySat, spentHeight } = channelAt(state.graph, row)
  const direction = directionOf(update)
  const before = policies[direction]
  if (before !== undefined && timestamp <= before.timestamp) {
    const isOther = timestamp === before.timestamp && checksumOf(update) !== before.checksum
    const words = isOther ? 'another update has the same timestamp' : 'a newer update is known, or this one'
    return ignored('not_newer', `${words}: ${before.timestamp} of ${shortChannelId}`)
  }
  if (spentHeight !== undefined && !isDisabled(update)) return ignored('spent', `channel ${shortChannelId} was spent`)
  if (update.htlcMaximumMsat > capacitySat * 1000n || update.htlcMaximumMsat < update.htlcMinimumMsat) {
    const got = `${update.htlcMinimumMsat} to ${update.htlcMaximumMsat} msat in a channel of ${capacitySat} sat`
    return ignored('amount', `expected amounts in order and up to the capacity, got ${got}`)
  }
  if (!mayTake(channelAllowance(state.graph.channels, row, direction), context.now, limits)) {
    return ignored('rate', `channel ${shortChannelId} changes more often than is told on`)
  }
  if (!mayVerify(turn, peer, 1)) return ignored('rate', 'the peer sends more than is looked at')
  if (signatureHolds(update, nodeIds[direction])) return undefined
  return closing('invalid_signature', `the signature of an update of ${shortChannelId} does not hold (BOLT 7)`)
}

function complaintAboutTime({ context: { now, limits } }: Turn, timestamp: number): GossipFailure | undefined {
  const seconds = secondsOf(now)
  if (timestamp > seconds + limits.maxAheadSeconds) {
    return ignored('timestamp', `expected a timestamp up to a day ahead of ${seconds}, got ${timestamp}`)
  }
  if (timestamp >= seconds - limits.staleAfterSeconds) return undefined
  return ignored('timestamp', `expected a timestamp of the last two weeks before ${seconds}, got ${timestamp}`)
}

export function onNodeAnnouncement(turn: Turn, peer: NodeId, announcement: NodeAnnouncement): void {
  const { nodeId } = announcement
  const row = findNode(turn.state.graph, nodeId)
  if (row === undefined) {
    const pending = pendingWith(turn, peer, nodeId)
    if (pending !== undefined) hold(turn, pending, announcement)
    else refuse(turn, peer, ignored('unknown_node', `node ${nodeId} has no announced channel`))
    return
  }
  const failure = complaintAboutNode(turn, peer, announcement, row)
  if (failure !== undefined) refuse(turn, peer, failure)
  else applyNode(turn, row, announcement, peer)
}

export function applyNode(turn: Turn, row: number, announcement: NodeAnnouncement, peer: NodeId | undefined): void {
  const { now, limits, supported } = turn.context
  const { timestamp, nodeId } = announcement
  changeGraph(turn, draft => {
    setNode(draft, row, nodeFacts(announcement, supported))
    take(draft.nodes, { row, field: NODE.ALLOWANCE, half: 0 }, now, limits)
  })
  put(turn, nodeKey(nodeId), encodeMessage(announcement))
  tellOn(turn, nodeKey(nodeId), { from: peer, timestamp: peer === undefined ? undefined : timestamp })
}

/** Cost: 1 verification. */
function complaintAboutNode(
  turn: Turn,
  peer: NodeId,
  announcement: NodeAnnouncement,
  row: number,
): GossipFailure | undefined {
  const { state, context } = turn
  const { nodeId, timestamp, addresses } = announcement
  if (announcement.unknownFields.length > context.limits.maxUnknownBytes) {
    return ignored('too_long', 'the announcement is longer than is kept')
  }
  if (timestamp > secondsOf(context.now) + context.limits.maxAheadSeconds) {
    return ignored('timestamp', `expected a timestamp up to a day ahead, got ${timestamp}`)
  }
  const before = nodeAt(state.graph, row).timestamp
  if (before !== undefined && timestamp <= before)
    return ignored('not_newer', `node ${nodeId} has said so or more already`)
  if (addresses.filter(({ type }) => type === 'dns').length > 1) {
    return ignored('addresses', 'expected one DNS hostname at most (BOLT 7, node_announcement)')
  }
  if (!mayTake(nodeAllowance(state.graph.nodes, row), context.now, context.limits)) {
    return ignored('rate', `node ${nodeId} announces itself more often than is told on`)
  }
  if (!mayVerify(turn, peer, 1)) return ignored('rate', 'the peer sends more than is looked at')
  if (signatureHolds(announcement, nodeId)) return undefined
  return closing('invalid_signature', `the signature of the announcement of node ${nodeId} does not hold (BOLT 7)`)
}

/** Kept until the chain has answered, the newest of each kind: two updates and two nodes at most. */
function hold(turn: Turn, pending: Pending, message: ChannelUpdate | NodeAnnouncement): void {
  const same = pending.held.find(other => sameKind(other, message))
  if (same !== undefined && same.timestamp >= message.timestamp) return
  const held = [...pending.held.filter(other => other !== same), message]
  const { shortChannelId } = pending.announcement
  change(turn, { pending: pmapSet(turn.state.pending, shortChannelId, { ...pending, held }) })
}

function sameKind(a: ChannelUpdate | NodeAnnouncement, b: ChannelUpdate | NodeAnnouncement): boolean {
  if (a.type === 'channel_update') return b.type === 'channel_update' && directionOf(a) === directionOf(b)
  return b.type === 'node_announcement' && a.nodeId === b.nodeId
}

/** A channel of that node which the same peer has announced just before, as it does when it answers a query. */
function pendingWith(turn: Turn, peer: NodeId, nodeId: NodeId): Pending | undefined {
  const id = pmapGet(turn.state.peers, peer)?.lastAnnounced
  const pending = id === undefined ? undefined : pmapGet(turn.state.pending, id)
  const { nodeId1, nodeId2 } = pending?.announcement ?? {}
  return nodeId === nodeId1 || nodeId === nodeId2 ? pending : undefined
}

/** Somebody talks of a channel that we have not heard of: it is asked for one day. */
function want(turn: Turn, { shortChannelId }: ChannelUpdate): void {
  const { wanted, refused } = turn.state
  // It may be a lie: as many as fit one query.
  if (wanted.size >= turn.context.limits.channelsInQuery || pmapHas(refused, shortChannelId)) return
  change(turn, { wanted: pmapSet(wanted, shortChannelId, EVERYTHING) })
}

/** All five bits (BOLT 7, query_flags). */
export const EVERYTHING = 31
