import {
  type ChannelId,
  type DecodeFailure,
  decode,
  emptyPMap,
  err,
  jsonDecode,
  type NodeId,
  ok,
  pmapSet,
  type Result,
  toHex,
} from '../base/index.ts'
import { decodeMessage, type FeatureName, unknownRequiredBits } from '../wire/index.ts'
import { addChannel, editGraph, type GraphDraft, setNode, setPolicy, setSpentHeight } from './edit.ts'
import { EMPTY_GRAPH, findChannel, findNode, type Graph, scidOfWords } from './graph.ts'
import { directionOf, policyOf } from './messages.ts'
import { nodeFacts } from './nodeFacts.ts'
import {
  BLACKLIST_RECORDS,
  CHANNEL_RECORDS,
  channelRecord,
  decodeSpent,
  NODE_RECORDS,
  OWN_NODE_RECORD,
  OWN_RECORDS,
  SPENT_RECORDS,
  UPDATE_RECORDS,
} from './records.ts'
import type { GossipState, OwnProgress } from './types.ts'

export function newGossip(graph: Graph = EMPTY_GRAPH): GossipState {
  return {
    graph,
    peers: emptyPMap(),
    own: emptyPMap(),
    node: undefined,
    nodeSaid: undefined,
    pending: emptyPMap(),
    refused: emptyPMap(),
    blacklist: emptyPMap(),
    news: emptyPMap(),
    nextNews: 0,
    wanted: emptyPMap(),
    sync: { peer: undefined, doneAt: undefined },
    nextLoad: 0,
    prunedAt: 0,
    ownAt: 0,
    progress: emptyPMap(),
    wakeAt: undefined,
  }
}

/**
 * The state of these records, in the order of their keys, one at a time: they need not be in memory together, and may come in pages,
 * each on top of the state `before` it. What was stored was verified then. A record that does not read is an error: the file is damaged.
 */
export function loadGossip(
  records: Iterable<readonly [key: string, record: Uint8Array]>,
  supported: readonly FeatureName[],
  before: GossipState = newGossip(),
): Result<GossipState, DecodeFailure> {
  let state = before
  let failure: DecodeFailure | undefined
  const graph = editGraph(before.graph, draft => {
    for (const [key, record] of records) {
      const read = readRecord(draft, { state, key, record, supported })
      if (read.ok) state = read.value
      else {
        failure = { ...read.error, message: `${key}: ${read.error.message}` }
        return
      }
    }
  })
  return failure === undefined ? ok({ ...state, graph }) : err(failure)
}

interface Stored {
  readonly state: GossipState
  readonly key: string
  readonly record: Uint8Array
  readonly supported: readonly FeatureName[]
}

function readRecord(draft: GraphDraft, stored: Stored): Result<GossipState, DecodeFailure> {
  const { state, key, record } = stored
  if (key.startsWith(CHANNEL_RECORDS)) return readChannel(draft, stored)
  if (key.startsWith(UPDATE_RECORDS) || key.startsWith(NODE_RECORDS)) return readMessage(draft, stored)
  if (key === OWN_NODE_RECORD) return ok({ ...state, nodeSaid: toHex(record) })
  if (key.startsWith(BLACKLIST_RECORDS)) {
    const id = key.slice(BLACKLIST_RECORDS.length) as NodeId
    return ok({ ...state, blacklist: pmapSet(state.blacklist, id, true) })
  }
  if (key.startsWith(OWN_RECORDS)) {
    const progress = jsonDecode<OwnProgress>(record)
    if (!progress.ok) return progress
    const id = key.slice(OWN_RECORDS.length) as ChannelId
    return ok({ ...state, progress: pmapSet(state.progress, id, progress.value) })
  }
  if (!key.startsWith(SPENT_RECORDS)) return err({ code: 'invalid', message: 'expected a record of gossip' })
  const height = decodeSpent(record)
  if (!height.ok) return height
  const hex = key.slice(SPENT_RECORDS.length)
  const id = scidOfWords(Number.parseInt(hex.slice(0, 8), 16), Number.parseInt(hex.slice(8), 16))
  const row = findChannel(draft, id)
  if (row !== undefined) setSpentHeight(draft, row, height.value)
  return ok(state)
}

function readChannel(draft: GraphDraft, { state, record, supported }: Stored): Result<GossipState, DecodeFailure> {
  const channel = decode(channelRecord, record)
  if (!channel.ok) return channel
  const message = decodeMessage(channel.value.message)
  if (!message.ok) return message
  if (message.value.type !== 'channel_announcement')
    return err({ code: 'invalid', message: 'expected an announcement' })
  const { shortChannelId, nodeId1, nodeId2, features } = message.value
  const { fundingTxid, capacitySat } = channel.value
  const isRoutable = unknownRequiredBits(features, supported).length === 0
  addChannel(draft, { shortChannelId, nodeIds: [nodeId1, nodeId2], capacitySat, fundingTxid, isRoutable })
  return ok(state)
}

/** An update or a node: of what is not known any more, nothing is kept. */
function readMessage(draft: GraphDraft, { state, record, supported }: Stored): Result<GossipState, DecodeFailure> {
  const message = decodeMessage(record)
  if (!message.ok) return message
  if (message.value.type === 'channel_update') {
    const row = findChannel(draft, message.value.shortChannelId)
    if (row !== undefined) setPolicy(draft, row, directionOf(message.value), policyOf(message.value))
  } else if (message.value.type === 'node_announcement') {
    const row = findNode(draft, message.value.nodeId)
    if (row !== undefined) setNode(draft, row, nodeFacts(message.value, supported))
  } else return err({ code: 'invalid', message: 'expected an update or a node' })
  return ok(state)
}
