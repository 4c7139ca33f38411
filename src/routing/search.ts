import { CHANNEL, type Direction, floatAt, NODE, NODE_FLAG, pageOf, startOf, wordAt } from '../gossip/index.ts'
import { relayFee } from './fees.ts'
import { type Label, Labels, NOWHERE, value } from './labels.ts'
import { MAX_LABELS_TO_FIND, MAX_LABELS_TO_IMPROVE } from './limits.ts'
import { chanceOf } from './liquidity.ts'
import { knowledgeOf, type Scene } from './scene.ts'
import { SHUT } from './topology.ts'
import type { FirstHop } from './types.ts'

// From the payee back to the payer: what reaches a node follows from what it has to pass on (BOLT 7, HTLC fees), so only from there
// are the amounts known. A way is a label; the one that may lead to the cheapest whole is looked at first (Dijkstra, A*).
//
// The quick search keeps one way for each node, the cheapest. That is not always part of the best route: a way that is dearer for its
// risk may take less money, and so pay less to those before, fit through a smaller channel, or be shorter. The strict search keeps both.
// Every cost grows with the amount, so a way that is at least as good in all of cost, amount, expiry and length can stand for another.

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
}

/**
 * The quick search, then the strict one for what is better. The strict one ends early in a large graph, where it matters little, and is
 * exact in a small one; it goes on for longer where the quick one has found nothing.
 */
export function search(scene: Scene): Found | undefined {
  if (!canLeave(scene)) return undefined
  const quick = quickSearch(scene)
  const maxLabels = quick === undefined ? MAX_LABELS_TO_FIND : MAX_LABELS_TO_IMPROVE
  return run(scene, { isStrict: true, maxLabels, best: quick })
}

/** Some route, where one is found at little cost. */
export function quickSearch(scene: Scene): Found | undefined {
  return run(scene, { isStrict: false, maxLabels: Number.POSITIVE_INFINITY, best: undefined })
}

/** Whether one of our channels could carry the amount if there were no fee. */
function canLeave({ firstHops, amount }: Scene): boolean {
  for (const hops of firstHops.values()) if (hops.some(hop => canCarry(hop, amount, amount))) return true
  return false
}

function canCarry({ spendableMsat, htlcMinimumMsat }: FirstHop, amount: number, delivered: number): boolean {
  return amount <= Number(spendableMsat) && delivered >= Number(htlcMinimumMsat)
}

function run(
  scene: Scene,
  {
    isStrict,
    maxLabels,
    best,
  }: { readonly isStrict: boolean; readonly maxLabels: number; readonly best: Found | undefined },
): Found | undefined {
  const labels = new Labels(scene.nodeCount, isStrict)
  const state: Search = { scene, labels, best }
  for (const [index, tail] of scene.tails.entries()) {
    const { amount, cltv, length: hops } = tail
    const cost = amount - scene.amount + heldFor(scene, amount, cltv) + scene.weights.hopMsat * hops
    const node = scene.nodeIndexes.get(tail.node) ?? NOWHERE
    const least = cost + remaining(scene, node)
    offer(state, { node, cost, least, amount, cltv, hops, channel: NOWHERE, parent: index })
  }
  for (let label = labels.take(); label !== undefined; label = labels.take()) {
    if (labels.count > maxLabels || (state.best !== undefined && value(labels.leasts, label) >= state.best.cost)) break
    visit(state, label)
  }
  return state.best
}

/** Keeps a way that is within the limits, and ends it where it has reached one of our channels. */
function offer(state: Search, label: Label): void {
  const { scene, labels, best } = state
  const hops = label.hops + value(scene.levels, label.node)
  const isWithin = label.amount <= scene.maxAmount && hops <= scene.maxHops && label.cltv <= scene.maxCltv
  if (!isWithin || (best !== undefined && label.least >= best.cost)) return
  const at = labels.offer(label)
  if (at === undefined || value(scene.levels, label.node) > 1 || !isOpen(scene, label)) return
  arrive(state, at, scene.firstHops.get(label.node) ?? [])
}

/** What the rest of the way costs at least: from us to the node. */
function remaining({ levels, weights }: Scene, node: number): number {
  return weights.hopMsat * value(levels, node)
}

/** What it costs that an amount may be held for so many blocks. */
function heldFor({ weights }: Scene, amount: number, blocks: number): number {
  return (amount * blocks * weights.cltvBillionths) / 1e9
}

function visit(state: Search, label: number): void {
  const { scene, labels } = state
  const [node, channel] = [value(labels.nodes, label), value(labels.channels, label)]
  if (node < scene.graph.nodes.rows && isOpen(scene, { node, channel })) spread(state, label, node)
}

/** Whether a way may lead through the node, or may begin at it where it is a payee. */
function isOpen(scene: Scene, { node, channel }: Pick<Label, 'node' | 'channel'>): boolean {
  if (scene.barred.has(node)) return false
  // What a node requires that we do not know bars the way through it (BOLT 7, node_announcement); a payee has said in its invoice.
  if (channel === NOWHERE || node >= scene.graph.nodes.rows) return true
  return (nodeWord(scene, node, NODE.FLAGS) & NODE_FLAG.UNROUTABLE) === 0
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
  const firstHop = ours.find(hop => canCarry(hop, amount, scene.amount))
  if (firstHop !== undefined) state.best = { labels, label, firstHop, cost }
}

/** Looks at each channel that leads to the node. This is where the time goes. */
function spread(state: Search, label: number, node: number): void {
  const { scene, labels } = state
  const { starts, channels, froms, bases, millionths, deltas } = scene.topology
  const { hopMsat, cltvBillionths } = scene.weights
  const amount = value(labels.amounts, label)
  const cost = value(labels.costs, label) + hopMsat
  const limit = state.best?.cost ?? Number.POSITIVE_INFINITY
  const perMillionth = amount / 1e6
  const perBlock = (amount * cltvBillionths) / 1e9
  const end = value(starts, node + 1)
  for (let at = value(starts, node); at < end; at++) {
    const delta = value(deltas, at)
    if (delta === SHUT) continue
    const from = value(froms, at)
    // Fees are rounded down: one less is never too much.
    const least = cost + value(bases, at) + perMillionth * value(millionths, at) + perBlock * delta - 1
    if (least + remaining(scene, from) < limit && !labels.isBeaten(from, least) && from !== scene.payer) {
      follow(state, label, value(channels, at), from)
    }
  }
}

/** The way that begins with this channel and goes on as the label does, where the channel is large enough. */
function follow(state: Search, label: number, channel: number, from: number): void {
  const { scene, labels } = state
  const row = channel >> 1
  // One bit.
  const direction = (channel & 1) as Direction
  const { words, floats } = pageOf(scene.graph.channels, row)
  const start = startOf(scene.graph.channels, row)
  const at = start >>> 1
  const amount = value(labels.amounts, label)
  // A minimum is asked of what is delivered, not of that plus the fees behind: so a dearer way is never usable where a cheaper one is not.
  const isUsable =
    amount <= floatAt(floats, at + CHANNEL.MAXIMUM + 2 * direction) &&
    scene.amount >= floatAt(floats, at + CHANNEL.MINIMUM + 2 * direction)
  if (!isUsable) return
  const chance = chanceOfPassing(scene, channel, amount, floatAt(floats, at + CHANNEL.CAPACITY_SAT) * 1000)
  if (chance <= 0) return
  const feeMillionths = wordAt(words, start + CHANNEL.FEE_MILLIONTHS + direction)
  const fee = relayFee(amount, wordAt(words, start + CHANNEL.FEE_BASE + direction), feeMillionths)
  const delta = wordAt(words, start + CHANNEL.CLTV_DELTA + direction)
  const { hopMsat, spentMsat } = scene.weights
  const oddity = wordAt(words, start + CHANNEL.SPENT_HEIGHT) === 0 ? 0 : spentMsat
  const added = fee + heldFor(scene, amount, delta) + hopMsat + oddity - scene.attemptCost * Math.log(chance)
  const cost = value(labels.costs, label) + added
  offer(state, {
    node: from,
    cost,
    least: cost + remaining(scene, from),
    amount: amount + fee,
    cltv: value(labels.cltvs, label) + delta,
    hops: value(labels.hops, label) + 1,
    channel,
    parent: label,
  })
}

/** How likely a channel (`2 * row + direction`) has the amount beside what is under way in it already. */
export function chanceOfPassing(scene: Scene, channel: number, amount: number, capacity: number): number {
  const row = channel >> 1
  if (scene.isSpecial[row] === 0) return chanceOf(amount, { low: 0, high: capacity })
  if (scene.excluded.has(channel)) return 0
  const total = amount + (scene.inFlight.get(channel) ?? 0)
  return chanceOf(total, knowledgeOf(scene, channel) ?? { low: 0, high: capacity })
}
