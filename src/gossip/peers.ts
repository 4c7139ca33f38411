import { type NodeId, pmapDelete, pmapGet, pmapSet, pmapValues } from '../base/index.ts'
import { type GossipTimestampFilter, offersFeature } from '../wire/index.ts'
import { addJob } from './jobs.ts'
import { channelKey, nodeKey, updateKey } from './records.ts'
import { change, changePeer, secondsOf, type Turn } from './turn.ts'
import type { GossipPeer } from './types.ts'

const NO_GOSSIP = { firstTimestamp: 0xffffffff, timestampRange: 0 }
/** Gossip of the last hour is asked for as well: what came while nobody was connected is found by queries. */
const LOOK_BACK_SECONDS = 3600

/** A few peers are asked to relay (BOLT 7, gossip_timestamp_filter); each is told of our own channels. */
export function onPeerUp(turn: Turn, id: NodeId, features: Uint8Array): void {
  const { peers, nextNews } = turn.state
  const { limits, now, chainHash } = turn.context
  const offersQueries = offersFeature(features, 'gossip_queries')
  const relaying = [...pmapValues(peers)].filter(peer => peer.relays && peer.nodeId !== id).length
  const relays = offersQueries && relaying < limits.relayingPeers
  const peer: GossipPeer = {
    nodeId: id,
    offersQueries,
    offersExtended: offersFeature(features, 'gossip_queries_ex'),
    relays,
    filter: undefined,
    newsSent: nextNews - 1,
    flushAt: now + limits.flushMs,
    checking: 0,
    lastAnnounced: undefined,
    verifications: { left: limits.verificationsAtOnce, at: now },
    bytes: { left: limits.bytesAtOnce, at: now },
    jobs: [],
    loading: undefined,
    query: undefined,
    askedAt: 0,
  }
  change(turn, { peers: pmapSet(peers, id, peer) })
  const span = { firstTimestamp: secondsOf(now) - LOOK_BACK_SECONDS, timestampRange: 0xffffffff }
  const wish = relays ? span : NO_GOSSIP
  turn.effects.push({ type: 'send', peer: id, message: { type: 'gossip_timestamp_filter', chainHash, ...wish } })
  const keys = ownKeys(turn)
  if (keys.length > 0) addJob(turn, id, { type: 'news', keys })
}

export function onPeerDown(turn: Turn, id: NodeId): void {
  const { peers, sync } = turn.state
  change(turn, { peers: pmapDelete(peers, id), ...(sync.peer === id && { sync: { ...sync, peer: undefined } }) })
}

/** What the peer wants from now on, and what there is of that already. */
export function onFilter(turn: Turn, id: NodeId, message: GossipTimestampFilter): void {
  if (message.chainHash !== turn.context.chainHash) return
  const { firstTimestamp: first, timestampRange } = message
  const end = first + timestampRange
  changePeer(turn, id, { filter: { first, end } })
  const peer = pmapGet(turn.state.peers, id)
  const isAtIt = peer?.jobs.some(job => job.type === 'backlog') === true
  if (timestampRange > 0 && !isAtIt) addJob(turn, id, { type: 'backlog', first, end, rows: 'channels', row: 0 })
}

/** The records of our announced channels, and ours: what the other end says is for others to tell. */
function ownKeys(turn: Turn): readonly string[] {
  const { nodeId } = turn.context
  const keys = [...pmapValues(turn.state.own)].flatMap(({ facts, progress }) => {
    const id = progress.isAnnounced ? facts.shortChannelId : undefined
    return id === undefined ? [] : [channelKey(id), updateKey(id, nodeId < facts.peer ? 0 : 1)]
  })
  return keys.length === 0 ? [] : [...keys, nodeKey(nodeId)]
}
