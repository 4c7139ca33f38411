import { decode, filled, type NodeId, pmapEntries, pmapGet, taken } from '../base/index.ts'
import { decodeMessage, type Message, type ShortChannelId } from '../wire/index.ts'
import { channelAt, findChannel, type Graph, isLive, nodeAt, scidAt } from './graph.ts'
import { NODE, NODE_FLAG } from './layout.ts'
import { newsAfter } from './news.ts'
import { nextReply } from './range.ts'
import { CHANNEL_RECORDS, channelKey, channelRecord, nodeKey, updateKey } from './records.ts'
import { readWord } from './table.ts'
import { change, changePeer, type Turn } from './turn.ts'
import type { GossipPeer, Job } from './types.ts'
import { EVERYTHING } from './updates.ts'

// Telling: a few records at a time are loaded and sent, as fast as the peer's budget fills. Never more than one load for a peer is
// under way, so what one peer asks for takes a bounded place in memory, whatever it asks for.

export function addJob(turn: Turn, id: NodeId, job: Job): void {
  const jobs = pmapGet(turn.state.peers, id)?.jobs ?? []
  changePeer(turn, id, { jobs: [...jobs, job] })
  goOn(turn, id)
}

/** Does what can be done now. */
export function goOn(turn: Turn, id: NodeId): void {
  for (;;) {
    const peer = pmapGet(turn.state.peers, id)
    const job = peer?.jobs[0]
    if (peer === undefined || job === undefined || peer.loading !== undefined || !hasBudget(turn, peer)) return
    doSome(turn, peer, job)
  }
}

/** Loads the next records of a job, or ends it. */
function doSome(turn: Turn, peer: GossipPeer, job: Job): void {
  const { graph } = turn.state
  const most = turn.context.limits.channelsInLoad
  switch (job.type) {
    case 'range': {
      const { reply, rest } = nextReply(graph, job, turn.context)
      replaceJob(turn, peer.nodeId, rest)
      tell(turn, peer.nodeId, reply, 16 + 24 * reply.shortChannelIds.length)
      return
    }
    case 'channels': {
      if (job.ids.length === 0) {
        replaceJob(turn, peer.nodeId, undefined)
        const { chainHash } = turn.context
        tell(turn, peer.nodeId, { type: 'reply_short_channel_ids_end', chainHash, fullInformation: true }, 35)
        return
      }
      const { keys, nodes } = keysOfChannels(graph, job, most)
      const rest: Job = { ...job, ids: job.ids.slice(most), flags: job.flags?.slice(most), nodes }
      load(turn, peer.nodeId, keys, rest)
      return
    }
    case 'backlog': {
      const { keys, row } = job.rows === 'channels' ? channelsOfSpan(graph, job, most) : nodesOfSpan(graph, job, most)
      const after: Job | undefined = job.rows === 'channels' ? { ...job, rows: 'nodes', row: 0 } : undefined
      load(turn, peer.nodeId, keys, row === undefined ? after : { ...job, row })
      return
    }
    case 'news': {
      const rest = job.keys.slice(most)
      load(turn, peer.nodeId, job.keys.slice(0, most), rest.length > 0 ? { ...job, keys: rest } : undefined)
      return
    }
  }
}

/** The records of a job have come. */
export function onLoaded(turn: Turn, number: number, records: ReadonlyMap<string, Uint8Array>): void {
  const found = [...pmapEntries(turn.state.peers)].find(([, peer]) => peer.loading?.load === number)?.[1]
  if (found?.loading === undefined) return
  const { nodeId: id, loading } = found
  changePeer(turn, id, { loading: undefined })
  replaceJob(turn, id, loading.rest)
  for (const key of loading.keys) {
    const record = records.get(key)
    const message = record === undefined ? undefined : messageOf(key, record)
    if (message !== undefined) tell(turn, id, message, record?.length ?? 0)
  }
  goOn(turn, id)
}

/** What is new since the last flush, where its time has come. */
export function flush(turn: Turn, id: NodeId): void {
  const peer = pmapGet(turn.state.peers, id)
  if (peer === undefined || peer.flushAt > turn.context.now || peer.jobs.some(job => job.type === 'news')) return
  const { news, nextNews } = turn.state
  const { filter } = peer
  const keys = newsAfter(news, peer.newsSent)
    .filter(([, { from, timestamp }]) => {
      // Our own go to everybody, others' to those who asked for that time (BOLT 7, gossip_timestamp_filter), but not to whom they are from.
      if (timestamp === undefined) return true
      return filter !== undefined && from !== id && timestamp >= filter.first && timestamp < filter.end
    })
    .map(([key]) => key)
  changePeer(turn, id, { newsSent: nextNews - 1, flushAt: turn.context.now + turn.context.limits.flushMs })
  if (keys.length > 0) addJob(turn, id, { type: 'news', keys })
}

function hasBudget(turn: Turn, peer: GossipPeer): boolean {
  const { bytesAtOnce: most, bytesPerSecond: perSecond } = turn.context.limits
  const bytes = filled(peer.bytes, { most, perSecond }, turn.context.now)
  changePeer(turn, peer.nodeId, { bytes })
  return bytes.left > 0
}

function tell(turn: Turn, id: NodeId, message: Message, bytes: number): void {
  const peer = pmapGet(turn.state.peers, id)
  if (peer === undefined) return
  changePeer(turn, id, { bytes: taken(peer.bytes, bytes) })
  turn.effects.push({ type: 'send', peer: id, message })
}

function replaceJob(turn: Turn, id: NodeId, rest: Job | undefined): void {
  const jobs = pmapGet(turn.state.peers, id)?.jobs ?? []
  changePeer(turn, id, { jobs: rest === undefined ? jobs.slice(1) : [rest, ...jobs.slice(1)] })
}

/** Without records there is nothing to wait for. */
function load(turn: Turn, id: NodeId, keys: readonly string[], rest: Job | undefined): void {
  if (keys.length === 0) {
    replaceJob(turn, id, rest)
    return
  }
  const number = turn.state.nextLoad
  change(turn, { nextLoad: number + 1 })
  changePeer(turn, id, { loading: { load: number, keys, rest } })
  turn.effects.push({ type: 'load', load: number, keys })
}

function messageOf(key: string, record: Uint8Array): Message | undefined {
  let bytes = record
  if (key.startsWith(CHANNEL_RECORDS)) {
    const channel = decode(channelRecord, record)
    if (!channel.ok) return undefined
    bytes = channel.value.message
  }
  const message = decodeMessage(bytes)
  return message.ok && message.value.type !== 'unknown' ? message.value : undefined
}

/** What the bits of a flag ask for (BOLT 7, query_flags), each node once. */
function keysOfChannels(graph: Graph, job: Extract<Job, { type: 'channels' }>, most: number) {
  const keys: string[] = []
  const nodes = new Set(job.nodes)
  for (const [index, id] of job.ids.slice(0, most).entries()) {
    const row = findChannel(graph, id)
    if (row === undefined) continue
    const flag = job.flags?.[index] ?? EVERYTHING
    const { nodeIds } = channelAt(graph, row)
    if (flag & 1) keys.push(channelKey(id))
    if (flag & 2) keys.push(updateKey(id, 0))
    if (flag & 4) keys.push(updateKey(id, 1))
    for (const [end, node] of nodeIds.entries()) {
      if ((flag & (8 << end)) === 0 || nodes.has(node)) continue
      nodes.add(node)
      keys.push(nodeKey(node))
    }
  }
  return { keys, nodes }
}

interface Span {
  readonly first: number
  readonly end: number
  readonly row: number
}

/** The channels whose updates are of that time, from a row on: the announcement before the updates, none that was spent. */
function channelsOfSpan(graph: Graph, { first, end, row: start }: Span, most: number) {
  const keys: string[] = []
  let channels = 0
  let row = start
  for (; row < graph.channels.rows && channels < most; row++) {
    if (!isLive(graph, row)) continue
    const { policies, spentHeight } = channelAt(graph, row)
    const isOf = (direction: 0 | 1) => {
      const timestamp = policies[direction]?.timestamp
      return timestamp !== undefined && timestamp >= first && timestamp < end
    }
    if (spentHeight !== undefined || !(isOf(0) || isOf(1))) continue
    const id: ShortChannelId = scidAt(graph, row)
    keys.push(channelKey(id), ...([0, 1] as const).filter(isOf).map(direction => updateKey(id, direction)))
    channels += 1
  }
  return { keys, row: row < graph.channels.rows ? row : undefined }
}

function nodesOfSpan(graph: Graph, { first, end, row: start }: Span, most: number) {
  const keys: string[] = []
  let row = start
  for (; row < graph.nodes.rows && keys.length < most; row++) {
    if ((readWord(graph.nodes, row, NODE.FLAGS) & NODE_FLAG.LIVE) === 0) continue
    const { nodeId, timestamp } = nodeAt(graph, row)
    if (timestamp !== undefined && timestamp >= first && timestamp < end) keys.push(nodeKey(nodeId))
  }
  return { keys, row: row < graph.nodes.rows ? row : undefined }
}
