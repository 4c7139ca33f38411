import {
  CHANNEL,
  CHANNEL_FLAG,
  type Direction,
  floatAt,
  NODE,
  NODE_FLAG,
  NONE,
  type Page,
  pageOf,
  startOf,
  wordAt,
} from '../gossip/index.ts'
import { relayFee } from './fees.ts'
import { type Label, Labels, NOWHERE, value } from './labels.ts'
import { MAX_LABELS } from './limits.ts'
import { chanceOf } from './liquidity.ts'
import { knowledgeOf, type Scene } from './scene.ts'
import type { FirstHop } from './types.ts'

// From the payee back to the payer: what reaches a node follows from what it has to pass on (BOLT 7, HTLC fees), so only from there
// are the amounts known. A way is a label; the cheapest one is looked at first (Dijkstra). Every cost grows with the amount, so a way
// that costs no more and takes no more money than another one to the same node beats it, whatever comes before.

export interface Found {
  readonly labels: Labels
  /** The best way from the first node on. */
  readonly label: number
  readonly firstHop: FirstHop
  readonly cost: number
}

interface Search {
  readonly scene: Scene
  readonly labels: Labels
  best: Found | undefined
  /** The least cost of a way that was too long in blocks or hops. */
  cutAt: number
}

/**
 * The cheapest way. Where a limit of expiry or length has cut ways that were cheaper than what was found, the search is done once more,
 * and keeps ways apart that differ in these: then it is exact again. Cost: at most `MAX_LABELS` ways, each with the channels of its node.
 */
export function search(scene: Scene): Found | undefined {
  const quick = run(scene, false)
  const { best } = quick
  if (best !== undefined && best.cost <= quick.cutAt) return best
  if (quick.cutAt === Number.POSITIVE_INFINITY) return undefined
  const strict = run(scene, true).best
  if (best === undefined || strict === undefined) return strict ?? best
  return strict.cost < best.cost ? strict : best
}

function run(scene: Scene, isStrict: boolean): Search {
  const labels = new Labels(scene.nodeCount, isStrict)
  const state: Search = { scene, labels, best: undefined, cutAt: Number.POSITIVE_INFINITY }
  for (const [index, tail] of scene.tails.entries()) {
    const { amount, cltv, length: hops } = tail
    const cost = amount - scene.amount + heldFor(scene, amount, cltv) + scene.weights.hopMsat * hops
    const node = scene.nodeIndexes.get(tail.node) ?? NOWHERE
    offer(state, { node, cost, amount, cltv, hops, channel: NOWHERE, parent: index })
  }
  for (let label = labels.take(); label !== undefined; label = labels.take()) {
    if (labels.count > MAX_LABELS || (state.best !== undefined && value(labels.costs, label) >= state.best.cost)) break
    visit(state, label)
  }
  return state
}

/** Keeps a way that is within the limits, and for one that is not, at what cost it was cut. */
function offer(state: Search, label: Label): void {
  const { scene } = state
  if (label.amount > scene.maxAmount) return
  // One more hop leads from us to the node.
  if (label.hops + 1 > scene.maxHops || label.cltv > scene.maxCltv) state.cutAt = Math.min(state.cutAt, label.cost)
  else state.labels.offer(label)
}

/** What it costs that an amount may be held for so many blocks. */
function heldFor({ weights }: Scene, amount: number, blocks: number): number {
  return (amount * blocks * weights.cltvBillionths) / 1e9
}

function visit(state: Search, label: number): void {
  const { scene, labels } = state
  const { graph, barred, firstHops } = scene
  const node = value(labels.nodes, label)
  if (barred.has(node)) return
  const isTail = value(labels.channels, label) === NOWHERE
  const isPublic = node < graph.nodes.rows
  // What a node requires that we do not know bars the way through it (BOLT 7, node_announcement); a payee has said in its invoice.
  if (isPublic && !isTail && (nodeWord(scene, node, NODE.FLAGS) & NODE_FLAG.UNROUTABLE) !== 0) return
  const ours = firstHops.get(node)
  if (ours !== undefined) arrive(state, label, ours)
  if (isPublic) spread(state, label, node)
}

function nodeWord({ graph }: Scene, node: number, field: number): number {
  return wordAt(pageOf(graph.nodes, node).words, startOf(graph.nodes, node) + field)
}

/** We charge ourselves nothing, and know what our channels have. */
function arrive(state: Search, label: number, ours: readonly FirstHop[]): void {
  const { scene, labels } = state
  const amount = value(labels.amounts, label)
  const cost = value(labels.costs, label) + scene.weights.hopMsat
  if (state.best !== undefined && cost >= state.best.cost) return
  const firstHop = ours.find(hop => amount <= Number(hop.spendableMsat) && scene.amount >= Number(hop.htlcMinimumMsat))
  if (firstHop !== undefined) state.best = { labels, label, firstHop, cost }
}

/** Looks at each channel that leads to the node. This is where the time goes. */
function spread(state: Search, label: number, node: number): void {
  const { channels } = state.scene.graph
  let row = nodeWord(state.scene, node, NODE.FIRST_CHANNEL)
  while (row !== NONE) {
    const page = pageOf(channels, row)
    const start = startOf(channels, row)
    const direction: Direction = wordAt(page.words, start + CHANNEL.NODE) === node ? 1 : 0
    if (isOpen(wordAt(page.words, start + CHANNEL.FLAGS), direction))
      follow(state, label, { page, start, row, direction })
    row = wordAt(page.words, start + CHANNEL.NEXT + 1 - direction)
  }
}

const CLOSED = CHANNEL_FLAG.UNROUTABLE

/** There is a policy for this direction, and it is not disabled. */
function isOpen(flags: number, direction: Direction): boolean {
  const wanted = CHANNEL_FLAG.POLICY << direction
  return (flags & (wanted | (CHANNEL_FLAG.DISABLED << direction) | CLOSED)) === wanted
}

interface Channel {
  readonly page: Page
  /** Where its words begin. */
  readonly start: number
  readonly row: number
  readonly direction: Direction
}

/** The way that begins with this channel and goes on as the label does. */
function follow(state: Search, label: number, { page: { words, floats }, start, row, direction }: Channel): void {
  const { scene, labels } = state
  const from = wordAt(words, start + CHANNEL.NODE + direction)
  const amount = value(labels.amounts, label)
  const at = start >>> 1
  // A minimum is asked of what is delivered, not of that plus the fees behind: so a dearer way is never usable where a cheaper one is not.
  const isWithin =
    amount <= floatAt(floats, at + CHANNEL.MAXIMUM + 2 * direction) &&
    scene.amount >= floatAt(floats, at + CHANNEL.MINIMUM + 2 * direction)
  if (!isWithin || from === scene.payer) return
  const chance = chanceOfPassing(scene, row, direction, amount, floatAt(floats, at + CHANNEL.CAPACITY_SAT) * 1000)
  if (chance <= 0) return
  const feeMillionths = wordAt(words, start + CHANNEL.FEE_MILLIONTHS + direction)
  const fee = relayFee(amount, wordAt(words, start + CHANNEL.FEE_BASE + direction), feeMillionths)
  const delta = wordAt(words, start + CHANNEL.CLTV_DELTA + direction)
  const { hopMsat, spentMsat } = scene.weights
  const oddity = wordAt(words, start + CHANNEL.SPENT_HEIGHT) === 0 ? 0 : spentMsat
  const added = fee + heldFor(scene, amount, delta) + hopMsat + oddity - scene.attemptCost * Math.log(chance)
  offer(state, {
    node: from,
    cost: value(labels.costs, label) + added,
    amount: amount + fee,
    cltv: value(labels.cltvs, label) + delta,
    hops: value(labels.hops, label) + 1,
    channel: 2 * row + direction,
    parent: label,
  })
}

/** How likely the channel has the amount beside what is under way in it already. */
export function chanceOfPassing(
  scene: Scene,
  row: number,
  direction: Direction,
  amount: number,
  capacity: number,
): number {
  if (scene.isSpecial[row] === 0) return chanceOf(amount, { low: 0, high: capacity })
  if (scene.excluded.has(2 * row + direction)) return 0
  const total = amount + (scene.inFlight.get(2 * row + direction) ?? 0)
  return chanceOf(total, knowledgeOf(scene, row, direction) ?? { low: 0, high: capacity })
}
