import { assert, type NodeId, type Sat, type Txid } from '../base/index.ts'
import type { ShortChannelId } from '../wire/index.ts'
import {
  type ChannelPolicy,
  type Direction,
  endOf,
  findChannel,
  findNode,
  fingerprintOf,
  type Graph,
  HEADS_BITS,
  headOf,
  nodeHash,
  nodeIdAt,
  nodeWords,
  scidHash,
  scidWords,
} from './graph.ts'
import { CHANNEL, CHANNEL_FLAG, LARGEST_COUNTED_MSAT, NODE, NODE_FLAG } from './layout.ts'
import {
  draftOfTable,
  filledTable,
  finishedTable,
  freeRow,
  NONE,
  newRow,
  pageOf,
  pageToWrite,
  readWord,
  startOf,
  type TableDraft,
  wordAt,
  writeFloat,
  writeWord,
} from './table.ts'

/** A graph while it is edited; it reads like any other, and is not used afterwards. */
export interface GraphDraft extends Graph {
  readonly channels: TableDraft
  readonly nodes: TableDraft
  byScid: TableDraft
  byFunding: TableDraft
  byNode: TableDraft
  channelCount: number
  nodeCount: number
  shape: object
}

export interface NewChannel {
  readonly shortChannelId: ShortChannelId
  /** In ascending order. */
  readonly nodeIds: readonly [NodeId, NodeId]
  readonly capacitySat: Sat
  readonly fundingTxid: Txid
  readonly isRoutable: boolean
}

export interface NodeFacts {
  readonly timestamp: number
  readonly isRoutable: boolean
  readonly offersMpp: boolean
  readonly offersOnionMessages: boolean
  readonly offersAttribution: boolean
}

/** The graph with what `edit` does to it. Cost: a copy of each page that is written to, however often. */
export function editGraph(graph: Graph, edit: (draft: GraphDraft) => void): Graph {
  const draft: GraphDraft = {
    channels: draftOfTable(graph.channels),
    nodes: draftOfTable(graph.nodes),
    byScid: draftOfTable(graph.byScid),
    byFunding: draftOfTable(graph.byFunding),
    byNode: draftOfTable(graph.byNode),
    channelCount: graph.channelCount,
    nodeCount: graph.nodeCount,
    shape: graph.shape,
  }
  edit(draft)
  return {
    channels: finishedTable(draft.channels),
    nodes: finishedTable(draft.nodes),
    byScid: finishedTable(draft.byScid),
    byFunding: finishedTable(draft.byFunding),
    byNode: finishedTable(draft.byNode),
    channelCount: draft.channelCount,
    nodeCount: draft.nodeCount,
    shape: draft.shape,
  }
}

/** The row of a channel that was not there, without policies. */
export function addChannel(draft: GraphDraft, channel: NewChannel): number {
  const [first, second] = channel.nodeIds
  assert(findChannel(draft, channel.shortChannelId) === undefined, 'a channel is added once')
  assert(first < second, 'the nodes of a channel are in order, and two')
  if (draft.channelCount >= draft.byScid.rows) growChannelHeads(draft)
  const row = newRow(draft.channels)
  const { high, low } = scidWords(channel.shortChannelId)
  const { words, floats } = pageToWrite(draft.channels, row)
  const start = startOf(draft.channels, row)
  floats[(start >>> 1) + CHANNEL.CAPACITY_SAT] = Number(channel.capacitySat)
  words[start + CHANNEL.SCID_HIGH] = high
  words[start + CHANNEL.SCID_LOW] = low
  words[start + CHANNEL.FUNDING] = fingerprintOf(channel.fundingTxid)
  words[start + CHANNEL.FLAGS] = CHANNEL_FLAG.LIVE | (channel.isRoutable ? 0 : CHANNEL_FLAG.UNROUTABLE)
  linkChannel(draft, row)
  for (const [end, id] of channel.nodeIds.entries()) {
    const node = findNode(draft, id) ?? addNode(draft, id)
    writeWord(draft.channels, row, CHANNEL.NODE + end, node)
    writeWord(draft.nodes, node, NODE.CHANNELS, readWord(draft.nodes, node, NODE.CHANNELS) + 1)
  }
  draft.channelCount += 1
  draft.shape = {}
  return row
}

/** Takes a channel out, and the nodes that have no other; their ids. */
export function removeChannel(draft: GraphDraft, row: number): readonly NodeId[] {
  const ends = [endOf(draft, row, 0), endOf(draft, row, 1)]
  const gone: NodeId[] = []
  for (const node of ends) {
    const left = readWord(draft.nodes, node, NODE.CHANNELS) - 1
    writeWord(draft.nodes, node, NODE.CHANNELS, left)
    if (left > 0) continue
    gone.push(nodeIdAt(draft, node))
    removeNode(draft, node)
  }
  unlinkChannel(draft, row)
  freeRow(draft.channels, row)
  draft.channelCount -= 1
  draft.shape = {}
  return gone
}

/** What one end asks for from now on. Amounts above what is counted are as good as no bound, or as a bound that nothing reaches. */
export function setPolicy(draft: GraphDraft, row: number, direction: Direction, policy: ChannelPolicy): void {
  const { channels } = draft
  const { words } = pageToWrite(channels, row)
  const start = startOf(channels, row)
  const disabled = CHANNEL_FLAG.DISABLED << direction
  const flags = (wordAt(words, start + CHANNEL.FLAGS) | (CHANNEL_FLAG.POLICY << direction)) & ~disabled
  words[start + CHANNEL.FLAGS] = policy.isDisabled ? flags | disabled : flags
  words[start + CHANNEL.TIMESTAMP + direction] = policy.timestamp
  words[start + CHANNEL.CHECKSUM + direction] = policy.checksum
  words[start + CHANNEL.CLTV_DELTA + direction] = policy.cltvExpiryDelta
  words[start + CHANNEL.FEE_BASE + direction] = Number(policy.feeBaseMsat)
  words[start + CHANNEL.FEE_MILLIONTHS + direction] = policy.feeProportionalMillionths
  writeFloat(channels, row, CHANNEL.MINIMUM + 2 * direction, counted(policy.htlcMinimumMsat))
  writeFloat(channels, row, CHANNEL.MAXIMUM + 2 * direction, counted(policy.htlcMaximumMsat))
}

/** `height` 0: its funding output stands there unspent. */
export function setSpentHeight(draft: GraphDraft, row: number, height: number): void {
  writeWord(draft.channels, row, CHANNEL.SPENT_HEIGHT, height)
}

/** What a node says of itself from now on. */
export function setNode(draft: GraphDraft, node: number, facts: NodeFacts): void {
  writeWord(draft.nodes, node, NODE.TIMESTAMP, facts.timestamp)
  const flags =
    NODE_FLAG.LIVE |
    (facts.isRoutable ? 0 : NODE_FLAG.UNROUTABLE) |
    (facts.offersMpp ? NODE_FLAG.OFFERS_MPP : 0) |
    (facts.offersOnionMessages ? NODE_FLAG.OFFERS_ONION_MESSAGES : 0) |
    (facts.offersAttribution ? NODE_FLAG.OFFERS_ATTRIBUTION : 0)
  writeWord(draft.nodes, node, NODE.FLAGS, flags)
}

function addNode(draft: GraphDraft, id: NodeId): number {
  if (draft.nodeCount >= draft.byNode.rows) growNodeHeads(draft)
  const row = newRow(draft.nodes)
  for (const [i, word] of nodeWords(id).entries()) writeWord(draft.nodes, row, NODE.ID + i, word)
  writeWord(draft.nodes, row, NODE.FLAGS, NODE_FLAG.LIVE)
  linkNode(draft, row)
  draft.nodeCount += 1
  return row
}

function removeNode(draft: GraphDraft, row: number): void {
  const hash = nodeHashAt(draft, row)
  unlink(draft.byNode, hash, { table: draft.nodes, row, field: NODE.NEXT_BY_ID })
  freeRow(draft.nodes, row)
  draft.nodeCount -= 1
}

// Chains of rows behind heads: as many heads as there are rows, doubled when they are too few.

interface Chained {
  readonly table: TableDraft
  readonly row: number
  /** Where the row says which one follows. */
  readonly field: number
}

function link(heads: TableDraft, hash: number, { table, row, field }: Chained): void {
  const head = hash & (heads.rows - 1)
  writeWord(table, row, field, readWord(heads, head, 0))
  writeWord(heads, head, 0, row)
}

function unlink(heads: TableDraft, hash: number, { table, row, field }: Chained): void {
  const next = readWord(table, row, field)
  let at = headOf(heads, hash)
  if (at === row) {
    writeWord(heads, hash & (heads.rows - 1), 0, next)
    return
  }
  while (readWord(table, at, field) !== row) at = readWord(table, at, field)
  writeWord(table, at, field, next)
}

function linkChannel(draft: GraphDraft, row: number): void {
  const table = draft.channels
  link(draft.byScid, scidHashAt(draft, row), { table, row, field: CHANNEL.NEXT_BY_SCID })
  link(draft.byFunding, readWord(table, row, CHANNEL.FUNDING), { table, row, field: CHANNEL.NEXT_BY_FUNDING })
}

function unlinkChannel(draft: GraphDraft, row: number): void {
  const table = draft.channels
  unlink(draft.byScid, scidHashAt(draft, row), { table, row, field: CHANNEL.NEXT_BY_SCID })
  unlink(draft.byFunding, readWord(table, row, CHANNEL.FUNDING), { table, row, field: CHANNEL.NEXT_BY_FUNDING })
}

function linkNode(draft: GraphDraft, row: number): void {
  link(draft.byNode, nodeHashAt(draft, row), { table: draft.nodes, row, field: NODE.NEXT_BY_ID })
}

function growChannelHeads(draft: GraphDraft): void {
  draft.byScid = moreHeads(draft.byScid.rows)
  draft.byFunding = moreHeads(draft.byFunding.rows)
  for (let row = 0; row < draft.channels.rows; row++) {
    if ((readWord(draft.channels, row, CHANNEL.FLAGS) & CHANNEL_FLAG.LIVE) !== 0) linkChannel(draft, row)
  }
}

function growNodeHeads(draft: GraphDraft): void {
  draft.byNode = moreHeads(draft.byNode.rows)
  for (let row = 0; row < draft.nodes.rows; row++) {
    if ((readWord(draft.nodes, row, NODE.FLAGS) & NODE_FLAG.LIVE) !== 0) linkNode(draft, row)
  }
}

function moreHeads(rows: number): TableDraft {
  return filledTable({ width: 1, bits: HEADS_BITS, rows: Math.max(2 * rows, 1 << HEADS_BITS), word: NONE })
}

function scidHashAt(draft: GraphDraft, row: number): number {
  const { words } = pageOf(draft.channels, row)
  const start = startOf(draft.channels, row)
  return scidHash(wordAt(words, start + CHANNEL.SCID_HIGH), wordAt(words, start + CHANNEL.SCID_LOW))
}

function nodeHashAt(draft: GraphDraft, row: number): number {
  const { words } = pageOf(draft.nodes, row)
  const start = startOf(draft.nodes, row) + NODE.ID
  return nodeHash([...words.subarray(start, start + 9)])
}

function counted(amount: bigint): number {
  return Math.min(Number(amount), LARGEST_COUNTED_MSAT)
}
