import { fromHex, type Msat, msat, type NodeId, type OutPoint, type Sat, sat } from '../base/index.ts'
import { type ShortChannelId, shortChannelId, shortChannelIdParts } from '../wire/index.ts'
import { CHANNEL, CHANNEL_FLAG, CHANNEL_WIDTH, NODE, NODE_FLAG, NODE_WIDTH } from './layout.ts'
import { emptyTable, NONE, pageOf, readFloat, readWord, startOf, type Table, wordAt, wordOf } from './table.ts'

/**
 * What is known of the network: channels and nodes as rows of tables, which are found by short_channel_id, by node id and by funding.
 */
export interface Graph {
  readonly channels: Table
  readonly nodes: Table
  /** Heads of chains of rows. */
  readonly byScid: Table
  readonly byFunding: Table
  readonly byNode: Table
  readonly channelCount: number
  readonly nodeCount: number
  /** The same object as long as no channel has come or gone: what was made of the shape of the graph alone still holds then. */
  readonly shape: object
}

/** 0: from `node_id_1` to `node_id_2`; 1: back (BOLT 7, channel_flags). */
export type Direction = 0 | 1

/** What one end asks for relaying (BOLT 7, the `channel_update` message). */
export interface ChannelPolicy {
  readonly timestamp: number
  readonly isDisabled: boolean
  readonly cltvExpiryDelta: number
  readonly htlcMinimumMsat: Msat
  readonly htlcMaximumMsat: Msat
  readonly feeBaseMsat: Msat
  readonly feeProportionalMillionths: number
  /** CRC32C of the update without signature and timestamp. */
  readonly checksum: number
}

/** One channel as a plain value. */
export interface GraphChannel {
  readonly shortChannelId: ShortChannelId
  readonly nodeIds: readonly [NodeId, NodeId]
  readonly capacitySat: Sat
  readonly policies: readonly [ChannelPolicy | undefined, ChannelPolicy | undefined]
  readonly isRoutable: boolean
  /** The block in which its funding output was spent. */
  readonly spentHeight?: number
}

export interface GraphNode {
  readonly nodeId: NodeId
  readonly channelCount: number
  /** Of its `node_announcement`, where one has come. */
  readonly timestamp?: number
  readonly isRoutable: boolean
  readonly offersMpp: boolean
  readonly offersOnionMessages: boolean
  readonly offersAttribution: boolean
}

/** 32 kB are copied for a change. */
const CHANNELS_IN_PAGE_BITS = 8
const NODES_IN_PAGE_BITS = 8
const HEADS_IN_PAGE_BITS = 10

const NO_HEADS = emptyTable(1, HEADS_IN_PAGE_BITS)
export const EMPTY_GRAPH: Graph = {
  channels: emptyTable(CHANNEL_WIDTH, CHANNELS_IN_PAGE_BITS),
  nodes: emptyTable(NODE_WIDTH, NODES_IN_PAGE_BITS),
  byScid: NO_HEADS,
  byFunding: NO_HEADS,
  byNode: NO_HEADS,
  channelCount: 0,
  nodeCount: 0,
  shape: {},
}
export const HEADS_BITS = HEADS_IN_PAGE_BITS

/** The row of a channel. */
export function findChannel(graph: Graph, id: ShortChannelId): number | undefined {
  const { high, low } = scidWords(id)
  let row = headOf(graph.byScid, scidHash(high, low))
  while (row !== NONE) {
    const { words } = pageOf(graph.channels, row)
    const start = startOf(graph.channels, row)
    if (wordAt(words, start + CHANNEL.SCID_LOW) === low && wordAt(words, start + CHANNEL.SCID_HIGH) === high) return row
    row = wordAt(words, start + CHANNEL.NEXT_BY_SCID)
  }
  return undefined
}

/** The row of a node. */
export function findNode(graph: Graph, id: NodeId): number | undefined {
  const wanted = nodeWords(id)
  let row = headOf(graph.byNode, nodeHash(wanted))
  while (row !== NONE) {
    if (hasWords(graph, row, wanted)) return row
    row = readWord(graph.nodes, row, NODE.NEXT_BY_ID)
  }
  return undefined
}

/**
 * Rows of channels that this outpoint may fund: those whose short_channel_id has its output index, and whose funding begins with the
 * same bytes. Whether it does fund one is for the chain to say.
 */
export function channelsFundedBy(graph: Graph, { txid, vout }: OutPoint): readonly number[] {
  const fingerprint = fingerprintOf(txid)
  const rows: number[] = []
  let row = headOf(graph.byFunding, fingerprint)
  while (row !== NONE) {
    const outputIndex = readWord(graph.channels, row, CHANNEL.SCID_LOW) & 0xffff
    if (readWord(graph.channels, row, CHANNEL.FUNDING) === fingerprint && outputIndex === vout) rows.push(row)
    row = readWord(graph.channels, row, CHANNEL.NEXT_BY_FUNDING)
  }
  return rows
}

/** The channel of a row in use. */
export function channelAt(graph: Graph, row: number): GraphChannel {
  const flags = readWord(graph.channels, row, CHANNEL.FLAGS)
  const spentHeight = readWord(graph.channels, row, CHANNEL.SPENT_HEIGHT)
  return {
    shortChannelId: scidAt(graph, row),
    nodeIds: [nodeIdAt(graph, endOf(graph, row, 0)), nodeIdAt(graph, endOf(graph, row, 1))],
    capacitySat: sat(readFloat(graph.channels, row, CHANNEL.CAPACITY_SAT)),
    policies: [policyAt(graph, row, 0), policyAt(graph, row, 1)],
    isRoutable: (flags & CHANNEL_FLAG.UNROUTABLE) === 0,
    ...(spentHeight > 0 && { spentHeight }),
  }
}

export function policyAt(graph: Graph, row: number, direction: Direction): ChannelPolicy | undefined {
  const { channels } = graph
  const flags = readWord(channels, row, CHANNEL.FLAGS)
  if ((flags & (CHANNEL_FLAG.POLICY << direction)) === 0) return undefined
  return {
    timestamp: readWord(channels, row, CHANNEL.TIMESTAMP + direction),
    isDisabled: (flags & (CHANNEL_FLAG.DISABLED << direction)) !== 0,
    cltvExpiryDelta: readWord(channels, row, CHANNEL.CLTV_DELTA + direction),
    htlcMinimumMsat: msat(readFloat(channels, row, CHANNEL.MINIMUM + 2 * direction)),
    htlcMaximumMsat: msat(readFloat(channels, row, CHANNEL.MAXIMUM + 2 * direction)),
    feeBaseMsat: msat(readWord(channels, row, CHANNEL.FEE_BASE + direction)),
    feeProportionalMillionths: readWord(channels, row, CHANNEL.FEE_MILLIONTHS + direction),
    checksum: readWord(channels, row, CHANNEL.CHECKSUM + direction),
  }
}

/** The node of a row in use. */
export function nodeAt(graph: Graph, row: number): GraphNode {
  const flags = readWord(graph.nodes, row, NODE.FLAGS)
  const timestamp = readWord(graph.nodes, row, NODE.TIMESTAMP)
  return {
    nodeId: nodeIdAt(graph, row),
    channelCount: readWord(graph.nodes, row, NODE.CHANNELS),
    ...(timestamp > 0 && { timestamp }),
    isRoutable: (flags & NODE_FLAG.UNROUTABLE) === 0,
    offersMpp: (flags & NODE_FLAG.OFFERS_MPP) !== 0,
    offersOnionMessages: (flags & NODE_FLAG.OFFERS_ONION_MESSAGES) !== 0,
    offersAttribution: (flags & NODE_FLAG.OFFERS_ATTRIBUTION) !== 0,
  }
}

/** The rows in use, in the order in which they stand. */
export function* channelRows(graph: Graph): Generator<number, void, undefined> {
  for (let row = 0; row < graph.channels.rows; row++) if (isLive(graph, row)) yield row
}

export function isLive(graph: Graph, row: number): boolean {
  return (readWord(graph.channels, row, CHANNEL.FLAGS) & CHANNEL_FLAG.LIVE) !== 0
}

export function* nodeRows(graph: Graph): Generator<number, void, undefined> {
  for (let row = 0; row < graph.nodes.rows; row++) {
    if ((readWord(graph.nodes, row, NODE.FLAGS) & NODE_FLAG.LIVE) !== 0) yield row
  }
}

/** The channels of a node. Cost: a look at every channel, which happens when a node is to be forgotten. */
export function* channelsOf(graph: Graph, node: number): Generator<number, void, undefined> {
  for (const row of channelRows(graph)) if (endOf(graph, row, 0) === node || endOf(graph, row, 1) === node) yield row
}

/** The row of the node at one end: 0 for `node_id_1`. */
export function endOf(graph: Graph, row: number, end: Direction): number {
  return readWord(graph.channels, row, CHANNEL.NODE + end)
}

export function scidAt(graph: Graph, row: number): ShortChannelId {
  const high = readWord(graph.channels, row, CHANNEL.SCID_HIGH)
  const low = readWord(graph.channels, row, CHANNEL.SCID_LOW)
  return scidOfWords(high, low)
}

export function nodeIdAt(graph: Graph, row: number): NodeId {
  const { words } = pageOf(graph.nodes, row)
  const start = startOf(graph.nodes, row) + NODE.ID
  let text = `0${wordAt(words, start)}`
  for (let i = 1; i <= 8; i++)
    text += wordAt(words, start + i)
      .toString(16)
      .padStart(8, '0')
  // 33 bytes in lowercase hex, as they came.
  return text as NodeId
}

/** The eight bytes of a short_channel_id as two words. */
export function scidWords(id: ShortChannelId): { readonly high: number; readonly low: number } {
  const { blockHeight, txIndex, outputIndex } = shortChannelIdParts(id)
  return { high: blockHeight * 256 + (txIndex >>> 16), low: (txIndex & 0xffff) * 65536 + outputIndex }
}

export function scidOfWords(high: number, low: number): ShortChannelId {
  return shortChannelId({
    blockHeight: high >>> 8,
    txIndex: (high & 0xff) * 65536 + (low >>> 16),
    outputIndex: low & 0xffff,
  })
}

/** The 33 bytes of a node id as nine words. */
export function nodeWords(id: NodeId): readonly number[] {
  const bytes = fromHex(id)
  const words = [bytes[0] ?? 0]
  for (let at = 1; at < bytes.length; at += 4) words.push(wordOf(bytes, at))
  return words
}

export const scidHash = (high: number, low: number): number => mixed(high ^ mixed(low))
export const nodeHash = (words: readonly number[]): number => mixed((words[8] ?? 0) ^ mixed(words[3] ?? 0))
export const fingerprintOf = (txid: string): number => Number.parseInt(txid.slice(0, 8), 16)

/** The head of the chain for a hash: the number of heads is a power of two. */
export function headOf(heads: Table, hash: number): number {
  return heads.rows === 0 ? NONE : readWord(heads, hash & (heads.rows - 1), 0)
}

function hasWords(graph: Graph, row: number, wanted: readonly number[]): boolean {
  const { words } = pageOf(graph.nodes, row)
  const start = startOf(graph.nodes, row) + NODE.ID
  return wanted.every((word, i) => wordAt(words, start + i) === word)
}

/** Neighbours among short_channel_ids are far apart afterwards. */
function mixed(word: number): number {
  const first = Math.imul(word ^ (word >>> 16), 0x45d9f3b)
  const second = Math.imul(first ^ (first >>> 16), 0x45d9f3b)
  return (second ^ (second >>> 16)) >>> 0
}
