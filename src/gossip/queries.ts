import {
  filled,
  type NodeId,
  type PMap,
  pmapDelete,
  pmapEntries,
  pmapGet,
  pmapHas,
  pmapSet,
  pmapValues,
} from '../base/index.ts'
import type {
  QueryChannelRange,
  QueryShortChannelIds,
  ReplyChannelRange,
  ReplyShortChannelIdsEnd,
  ShortChannelId,
} from '../wire/index.ts'
import { closing, ignored } from './failure.ts'
import { findChannel, policyAt } from './graph.ts'
import { addJob } from './jobs.ts'
import { blockOf } from './range.ts'
import { scidHex } from './records.ts'
import { change, changePeer, refuse, type Turn } from './turn.ts'
import type { GossipPeer } from './types.ts'
import { EVERYTHING } from './updates.ts'

// Asking and being asked (BOLT 7, query messages).

export function onQueryShortChannelIds(turn: Turn, id: NodeId, message: QueryShortChannelIds): void {
  const { chainHash, limits } = turn.context
  if (message.chainHash !== chainHash) {
    const end = { type: 'reply_short_channel_ids_end', chainHash: message.chainHash, fullInformation: false } as const
    turn.effects.push({ type: 'send', peer: id, message: end })
    return
  }
  if (isAnswering(turn, id, 'channels')) {
    refuse(turn, id, closing('query_under_way', UNDER_WAY))
    return
  }
  if (message.shortChannelIds.length > limits.maxChannelsInQuery) {
    refuse(turn, id, closing('too_many', `expected up to ${limits.maxChannelsInQuery} channels in a query`))
    return
  }
  const flags = message.queryFlags?.map(flag => Number(flag & 31n))
  addJob(turn, id, { type: 'channels', ids: message.shortChannelIds, flags, nodes: new Set() })
}

export function onQueryChannelRange(turn: Turn, id: NodeId, message: QueryChannelRange): void {
  const { chainHash, firstBlocknum, numberOfBlocks, queryOption = 0n } = message
  if (chainHash !== turn.context.chainHash) {
    const reply = { chainHash, firstBlocknum, numberOfBlocks, syncComplete: true, shortChannelIds: [] }
    turn.effects.push({ type: 'send', peer: id, message: { type: 'reply_channel_range', ...reply } })
    return
  }
  if (isAnswering(turn, id, 'range')) {
    refuse(turn, id, closing('query_under_way', UNDER_WAY))
    return
  }
  // The numbers of a reply have four bytes, as those of the query have.
  const endBlock = Math.min(firstBlocknum + Math.max(numberOfBlocks, 1), firstBlocknum + 0xffffffff)
  addJob(turn, id, { type: 'range', firstBlock: firstBlocknum, endBlock, option: queryOption, told: 0 })
}

const UNDER_WAY = 'expected no second query before the first one is answered (BOLT 7, query messages)'

function isAnswering(turn: Turn, id: NodeId, type: 'channels' | 'range'): boolean {
  return pmapGet(turn.state.peers, id)?.jobs.some(job => job.type === type) === true
}

/** Asks a peer for everything where it is time, else for what others have spoken of. */
export function askWhereDue(turn: Turn): void {
  const { sync, wanted, peers } = turn.state
  const { now, limits, height } = turn.context
  if (sync.peer !== undefined) return
  const idle = [...pmapValues(peers)].filter(peer => peer.offersQueries && peer.query === undefined)
  const peer = idle.toSorted((a, b) => a.askedAt - b.askedAt)[0]
  if (peer === undefined) return
  const isDue = sync.doneAt === undefined || now - sync.doneAt >= limits.resyncMs
  const isFresh = now - peer.askedAt >= limits.queryTimeoutMs
  if (isDue && isFresh) askForRange(turn, peer, height)
  else if (wanted.size > 0) askForWanted(turn, peer.nodeId)
}

function askForRange(turn: Turn, { nodeId, offersExtended }: GossipPeer, height: number): void {
  const { now, chainHash } = turn.context
  const endBlock = height + 1
  const query = { type: 'range', since: now, firstBlock: 0, endBlock, reached: 0, replies: 0 } as const
  changePeer(turn, nodeId, { query, askedAt: now })
  change(turn, { sync: { ...turn.state.sync, peer: nodeId } })
  const message: QueryChannelRange = {
    type: 'query_channel_range',
    chainHash,
    firstBlocknum: 0,
    numberOfBlocks: endBlock,
    ...(offersExtended && { queryOption: 3n }),
  }
  turn.effects.push({ type: 'send', peer: nodeId, message })
}

/** Each reply has to belong to what was asked and to go on where the one before ended, and there is a bound on all. */
export function onReplyChannelRange(turn: Turn, id: NodeId, reply: ReplyChannelRange): void {
  const query = pmapGet(turn.state.peers, id)?.query
  if (query?.type !== 'range' || reply.chainHash !== turn.context.chainHash) {
    refuse(turn, id, ignored('not_asked', 'nobody asked for that range'))
    return
  }
  const end = reply.firstBlocknum + reply.numberOfBlocks
  const isInOrder = reply.firstBlocknum >= query.reached || query.replies === 0
  const isInside = reply.firstBlocknum < query.endBlock && end > query.firstBlock
  if (!isInOrder || !isInside || query.replies >= turn.context.limits.maxReplies) {
    stopAsking(turn, id)
    refuse(turn, id, closing('not_asked', 'expected replies in order, within what was asked (BOLT 7)'))
    return
  }
  for (const [index, shortChannelId] of reply.shortChannelIds.entries()) {
    const flag = wantedOf(turn, shortChannelId, reply, index)
    const { wanted } = turn.state
    if (flag === 0 || wanted.size >= turn.context.limits.maxWanted) continue
    change(turn, { wanted: pmapSet(wanted, shortChannelId, flag | (pmapGet(wanted, shortChannelId) ?? 0)) })
  }
  const isDone = reply.syncComplete && end >= query.endBlock
  if (isDone) askForWanted(turn, id)
  else {
    const reached = reply.firstBlocknum
    changePeer(turn, id, { query: { ...query, since: turn.context.now, reached, replies: query.replies + 1 } })
  }
}

/** Everything of a channel that we do not know; updates that are newer than ours and say something else (BOLT 7, checksums_tlv). */
function wantedOf(turn: Turn, id: ShortChannelId, { timestamps, checksums }: ReplyChannelRange, index: number): number {
  const { graph, refused, pending } = turn.state
  const row = findChannel(graph, id)
  if (row === undefined) {
    const isRefused = (pmapGet(refused, id) ?? 0) > turn.context.now
    return isRefused || pmapHas(pending, id) || blockOf(id) > turn.context.height ? 0 : EVERYTHING
  }
  const theirs = timestamps?.[index]
  if (theirs === undefined) return 0
  const sums = checksums?.[index]
  const isNewer = (direction: 0 | 1, timestamp: number, checksum: number | undefined) => {
    const ours = policyAt(graph, row, direction)
    if (ours === undefined) return timestamp > 0
    return timestamp > ours.timestamp && checksum !== ours.checksum
  }
  return (
    (isNewer(0, theirs.timestampNodeId1, sums?.checksumNodeId1) ? 2 : 0) |
    (isNewer(1, theirs.timestampNodeId2, sums?.checksumNodeId2) ? 4 : 0)
  )
}

export function onReplyEnd(turn: Turn, id: NodeId, message: ReplyShortChannelIdsEnd): void {
  const query = pmapGet(turn.state.peers, id)?.query
  if (query?.type !== 'channels' || message.chainHash !== turn.context.chainHash) {
    refuse(turn, id, ignored('not_asked', 'nobody asked for channels'))
    return
  }
  askForWanted(turn, id)
}

/** The next channels; or that was all. What the answer costs to verify is allowed beforehand. */
function askForWanted(turn: Turn, id: NodeId): void {
  const { limits, now, chainHash } = turn.context
  const { wanted, sync, peers } = turn.state
  const peer = pmapGet(peers, id)
  if (peer === undefined) return
  const next = someOf(wanted, limits.channelsInQuery)
  if (next.length === 0) {
    changePeer(turn, id, { query: undefined })
    if (sync.peer === id) change(turn, { sync: { peer: undefined, doneAt: now } })
    return
  }
  change(turn, { wanted: next.reduce((left, [key]) => pmapDelete(left, key), wanted) })
  const size = { most: limits.verificationsAtOnce, perSecond: limits.verificationsPerSecond }
  const { left } = filled(peer.verifications, size, now)
  // Four for an announcement, two for updates, two for nodes.
  const verifications = { left: left + 8 * next.length, at: now }
  changePeer(turn, id, { query: { type: 'channels', since: now }, verifications })
  const message: QueryShortChannelIds = {
    type: 'query_short_channel_ids',
    chainHash,
    shortChannelIds: next.map(([key]) => key),
    ...(peer.offersExtended && { queryFlags: next.map(([, flag]) => BigInt(flag)) }),
  }
  turn.effects.push({ type: 'send', peer: id, message })
}

/** A query that makes no progress is given up, and another peer is asked. */
export function giveUpWhereLate(turn: Turn): void {
  for (const { nodeId, query } of pmapValues(turn.state.peers)) {
    if (query !== undefined && turn.context.now - query.since >= turn.context.limits.queryTimeoutMs) {
      stopAsking(turn, nodeId)
    }
  }
}

function stopAsking(turn: Turn, id: NodeId): void {
  changePeer(turn, id, { query: undefined })
  const { sync } = turn.state
  if (sync.peer === id) change(turn, { sync: { ...sync, peer: undefined } })
}

/** Some entries, in the order of their blocks as queries have them. */
function someOf(wanted: PMap<number>, most: number): readonly (readonly [id: ShortChannelId, flag: number])[] {
  const some: (readonly [ShortChannelId, number])[] = []
  for (const [key, flag] of pmapEntries(wanted)) {
    if (some.length === most) break
    // The keys are the ids that were put in.
    some.push([key as ShortChannelId, flag])
  }
  return some.sort(([a], [b]) => (scidHex(a) < scidHex(b) ? -1 : 1))
}
