import {
  CHANNEL,
  CHANNEL_FLAG,
  channelRows,
  type Direction,
  endOf,
  type Graph,
  isLive,
  type Page,
  pageOf,
  startOf,
  wordAt,
} from '../gossip/index.ts'

/**
 * Which channels lead to a node, one after the other in memory, with the least that each of them costs. A search goes over all of them,
 * and so has to look at the rows of few.
 */
export interface Topology {
  /** Where the channels of a node begin; those of the next node begin where they end. */
  readonly starts: Int32Array
  /** `2 * row + direction` of each channel that leads to the node. */
  readonly channels: Int32Array
  /** The row of the node that it leads from. */
  readonly froms: Int32Array
  /** At most what the channel asks for: two bytes each, and larger figures count as the largest. */
  readonly bases: Uint16Array
  readonly millionths: Uint16Array
  /** Blocks, or `SHUT`. */
  readonly deltas: Uint16Array
}

/** In the place of blocks: nothing goes through this channel in this direction. */
export const SHUT = 0xffff
const LARGEST = 0xfffe

interface Kept extends Topology {
  /** The pages that the figures are from: those that are others now are read again. */
  readonly pages: Page[]
}

// What was made of a shape is kept as long as that shape is: the same answer, sooner. Channels come and go rarely; policies change all
// the time, each in a page that is another one afterwards.
const known = new WeakMap<object, Kept>()

/** Good until it is asked for again. Cost: some looks at every channel where the shape is new, else at those of changed pages. */
export function topologyOf(graph: Graph): Topology {
  const topology = known.get(graph.shape) ?? madeOf(graph)
  known.set(graph.shape, topology)
  const { pages, bits } = graph.channels
  for (const [index, page] of pages.entries()) {
    if (topology.pages[index] === page) continue
    topology.pages[index] = page
    const end = Math.min((index + 1) << bits, graph.channels.rows)
    for (let row = index << bits; row < end; row++) if (isLive(graph, row)) readPolicies(topology, graph, row)
  }
  return topology
}

function madeOf(graph: Graph): Kept {
  const starts = new Int32Array(graph.nodes.rows + 2)
  // Counted two places further, so that the sums below leave each node's place to write to one place further.
  for (const row of channelRows(graph)) {
    for (const end of DIRECTIONS) add(starts, endOf(graph, row, end) + 2, 1)
  }
  for (let node = 2; node < starts.length; node++) add(starts, node, at(starts, node - 1))
  const count = 2 * graph.channelCount
  const [channels, froms] = [new Int32Array(count), new Int32Array(count)]
  for (const row of channelRows(graph)) {
    for (const direction of DIRECTIONS) {
      const to = targetOf(graph, row, direction)
      const place = at(starts, to + 1)
      channels[place] = 2 * row + direction
      froms[place] = endOf(graph, row, direction)
      add(starts, to + 1, 1)
    }
  }
  const [bases, millionths, deltas] = [new Uint16Array(count), new Uint16Array(count), new Uint16Array(count)]
  return { starts, channels, froms, bases, millionths, deltas, pages: [] }
}

const DIRECTIONS = [0, 1] as const

function targetOf(graph: Graph, row: number, direction: Direction): number {
  return endOf(graph, row, direction === 0 ? 1 : 0)
}

function readPolicies(topology: Topology, graph: Graph, row: number): void {
  const { words } = pageOf(graph.channels, row)
  const start = startOf(graph.channels, row)
  const flags = wordAt(words, start + CHANNEL.FLAGS)
  for (const direction of DIRECTIONS) {
    const to = targetOf(graph, row, direction)
    const place = topology.channels.indexOf(2 * row + direction, at(topology.starts, to))
    topology.bases[place] = Math.min(wordAt(words, start + CHANNEL.FEE_BASE + direction), LARGEST)
    topology.millionths[place] = Math.min(wordAt(words, start + CHANNEL.FEE_MILLIONTHS + direction), LARGEST)
    const delta = Math.min(wordAt(words, start + CHANNEL.CLTV_DELTA + direction), LARGEST)
    topology.deltas[place] = isOpen(flags, direction) ? delta : SHUT
  }
}

/** There is a policy for this direction, it is not disabled, and we know all that the channel requires. */
function isOpen(flags: number, direction: Direction): boolean {
  const wanted = CHANNEL_FLAG.POLICY << direction
  return (flags & (wanted | (CHANNEL_FLAG.DISABLED << direction) | CHANNEL_FLAG.UNROUTABLE)) === wanted
}

function at(column: Int32Array, index: number): number {
  // A typed array has a number at each index below its length.
  return column[index] as number
}

function add(column: Int32Array, index: number, amount: number): void {
  column[index] = at(column, index) + amount
}
