import type { NodeId } from '../base/index.ts'
import { pmapEntries } from '../base/index.ts'
import { findChannel, findNode, type Graph } from '../gossip/index.ts'
import type { ShortChannelId } from '../wire/index.ts'
import { levelsOf } from './levels.ts'
import { DEFAULT_MAX_CLTV_DELTA, MAX_HOPS } from './limits.ts'
import { decayed, type Knowledge, mirrored } from './liquidity.ts'
import { type Tail, tailsOf } from './tails.ts'
import { type Topology, topologyOf } from './topology.ts'
import { DEFAULT_WEIGHTS, type FirstHop, type RouteRequest, type RouteWeights } from './types.ts'

// A request in the numbers that a search computes with: nodes and channels by row, amounts in msat.

export interface Scene {
  readonly graph: Graph
  readonly topology: Topology
  /** Rows of nodes, then those that the graph does not have. */
  readonly nodeCount: number
  readonly nodeIndexes: ReadonlyMap<NodeId, number>
  /** The payer, where the graph has it: no way leads through it. */
  readonly payer: number
  /** Nodes that no way leads through. */
  readonly barred: ReadonlySet<number>
  readonly tails: readonly Tail[]
  /** By the node that they lead to, the fullest first. */
  readonly firstHops: ReadonlyMap<number, readonly FirstHop[]>
  /** Hops from us to each node, at least. */
  readonly levels: Uint8Array
  /** What there is to know of a channel, by its row; most have nothing. */
  readonly isSpecial: Uint8Array
  /** By `2 * row + direction`. */
  readonly excluded: ReadonlySet<number>
  readonly inFlight: ReadonlyMap<number, number>
  readonly known: ReadonlyMap<number, Knowledge>
  readonly amount: number
  /** What the first HTLC may have at most. */
  readonly maxAmount: number
  readonly maxCltv: number
  readonly maxHops: number
  readonly weights: RouteWeights
  /** In msat: what a chance that is smaller by a factor e costs. */
  readonly attemptCost: number
}

/** Cost: what is excluded, under way and learnt, once for each search. */
export function sceneOf(graph: Graph, request: RouteRequest): Scene {
  const { weights = DEFAULT_WEIGHTS } = request
  const nodes = new NodeIndexes(graph)
  const isSpecial = new Uint8Array(graph.channels.rows)
  const amount = Number(request.amountMsat)
  const tails = tailsOf(request).filter(tail => tail.node !== request.payer)
  for (const tail of tails) nodes.of(tail.node)
  const firstHops = firstHopsByNode(request, nodes)
  const barred = new Set([...(request.excludedNodes ?? [])].map(id => nodes.of(id)))
  const payer = nodes.of(request.payer)
  const topology = topologyOf(graph)
  return {
    graph,
    topology,
    nodeCount: nodes.count,
    nodeIndexes: nodes.known,
    payer,
    barred,
    tails,
    firstHops,
    levels: levelsOf({ topology, nodeCount: nodes.count, payer, firstHops }),
    isSpecial,
    excluded: excludedChannels(graph, request, isSpecial),
    inFlight: amountsInFlight(graph, request, isSpecial),
    known: knownLiquidity(graph, request, isSpecial),
    amount,
    maxAmount: amount + Number(request.maxFeeMsat),
    maxCltv: request.maxCltvDelta ?? DEFAULT_MAX_CLTV_DELTA,
    maxHops: Math.min(request.maxHops ?? MAX_HOPS, MAX_HOPS),
    weights,
    attemptCost: weights.attemptMsat + (amount * weights.attemptMillionths) / 1e6,
  }
}

/** What is known of a channel (`2 * row + direction`), where something is. */
export function knowledgeOf(scene: Scene, channel: number): Knowledge | undefined {
  const known = scene.known.get(channel >> 1)
  return known === undefined || channel % 2 === 0 ? known : mirrored(known)
}

/** Numbers for nodes: their rows, and numbers above those for nodes that no announced channel has. */
class NodeIndexes {
  readonly known = new Map<NodeId, number>()
  count: number
  readonly #graph: Graph
  constructor(graph: Graph) {
    this.#graph = graph
    this.count = graph.nodes.rows
  }
  of(id: NodeId): number {
    const index = this.known.get(id) ?? findNode(this.#graph, id) ?? this.count++
    this.known.set(id, index)
    return index
  }
}

function firstHopsByNode(
  { firstHops, excludedChannels, inFlight = [] }: RouteRequest,
  nodes: NodeIndexes,
): ReadonlyMap<number, readonly FirstHop[]> {
  const byNode = new Map<number, FirstHop[]>()
  for (const hop of firstHops) {
    if (excludedChannels?.has(hop.shortChannelId) === true) continue
    const taken = inFlight.filter(part => part.shortChannelId === hop.shortChannelId)
    const left = taken.reduce((rest, part) => rest - (part.amountMsat as bigint), hop.spendableMsat as bigint)
    if (left <= 0n) continue
    const node = nodes.of(hop.nodeId)
    // What is left is above zero and at most what was there.
    const usable: FirstHop = { ...hop, spendableMsat: left as FirstHop['spendableMsat'] }
    byNode.set(
      node,
      [...(byNode.get(node) ?? []), usable].sort((a, b) => Number(b.spendableMsat - a.spendableMsat)),
    )
  }
  return byNode
}

function excludedChannels(graph: Graph, { excludedChannels }: RouteRequest, special: Uint8Array): ReadonlySet<number> {
  const excluded = new Set<number>()
  for (const name of excludedChannels ?? []) {
    const [id = '', direction] = name.split('/')
    // A name that the caller got from a route, or typed: one that is no channel's finds none.
    const row = /^\d+x\d+x\d+$/.test(id) ? findChannel(graph, id as ShortChannelId) : undefined
    if (row === undefined) continue
    special[row] = 1
    if (direction !== '1') excluded.add(2 * row)
    if (direction !== '0') excluded.add(2 * row + 1)
  }
  return excluded
}

function amountsInFlight(graph: Graph, { inFlight = [] }: RouteRequest, special: Uint8Array): Map<number, number> {
  const amounts = new Map<number, number>()
  for (const { shortChannelId, direction, amountMsat } of inFlight) {
    const row = findChannel(graph, shortChannelId)
    if (row === undefined) continue
    special[row] = 1
    amounts.set(2 * row + direction, (amounts.get(2 * row + direction) ?? 0) + Number(amountMsat))
  }
  return amounts
}

function knownLiquidity(graph: Graph, { liquidity, now }: RouteRequest, special: Uint8Array): Map<number, Knowledge> {
  const known = new Map<number, Knowledge>()
  for (const [id, knowledge] of liquidity === undefined ? [] : pmapEntries(liquidity)) {
    // The keys are those that `learn` was given.
    const row = findChannel(graph, id as ShortChannelId)
    if (row === undefined) continue
    special[row] = 1
    known.set(row, decayed(knowledge, now))
  }
  return known
}
