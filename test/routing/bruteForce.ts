import type { RouteRequest } from '../../src/routing/index.ts'
import { DEFAULT_WEIGHTS } from '../../src/routing/index.ts'
import { type Edge, node, scid } from './fixture.ts'

// All simple ways over a small graph, each added up from its end, in big integers where money is concerned. It shares no code with the
// search: the same rules, written once more.

export interface Way {
  readonly edges: readonly Edge[]
  readonly firstHop: number
  readonly amountMsat: bigint
  readonly cltv: number
  readonly cost: number
}

export function cheapestWay(edges: readonly Edge[], request: RouteRequest, payee: number): Way | undefined {
  let best: Way | undefined
  const visit = (at: number, behind: readonly Edge[], seen: ReadonlySet<number>): void => {
    const hop = request.firstHops.findIndex(({ nodeId }) => nodeId === node(at))
    if (hop >= 0) {
      const way = addedUp(behind, request, hop)
      if (way !== undefined && (best === undefined || way.cost < best.cost)) best = way
    }
    for (const edge of edges) {
      if (edge.to === at && edge.from !== 0 && !seen.has(edge.from))
        visit(edge.from, [edge, ...behind], new Set([...seen, edge.from]))
    }
  }
  visit(payee, [], new Set([payee]))
  return best
}

/** The way as a whole, or nothing where it breaks a rule. */
export function addedUp(edges: readonly Edge[], request: RouteRequest, hop: number): Way | undefined {
  const { destination, maxHops = 20, maxCltvDelta = 2016 } = request
  const weights = request.weights ?? DEFAULT_WEIGHTS
  const delivered = request.amountMsat as bigint
  const attempt = weights.attemptMsat + (Number(delivered) * weights.attemptMillionths) / 1e6
  let amount = delivered
  let cltv = destination.finalCltvExpiryDelta
  let cost = (Number(amount) * cltv * weights.cltvBillionths) / 1e9
  for (const edge of edges.toReversed()) {
    const { policy, capacitySat } = edge
    const capacity = BigInt(capacitySat) * 1000n
    const direction = edge.from < edge.to ? 0 : 1
    const { excludedChannels } = request
    if (excludedChannels?.has(scid(edge.id)) || excludedChannels?.has(`${scid(edge.id)}/${direction}`)) return undefined
    if (policy.isDisabled === true || amount > capacity || amount > (policy.htlcMaximumMsat ?? capacity))
      return undefined
    if (delivered < (policy.htlcMinimumMsat ?? 1n)) return undefined
    const fee = (policy.feeBaseMsat ?? 0n) + (amount * BigInt(policy.feeProportionalMillionths ?? 0)) / 1_000_000n
    const delta = policy.cltvExpiryDelta ?? 40
    const chance = Number(capacity + 1n - amount) / Number(capacity + 1n)
    cost += Number(fee) + (Number(amount) * delta * weights.cltvBillionths) / 1e9 + weights.hopMsat
    cost -= attempt * Math.log(chance)
    amount += fee
    cltv += delta
  }
  cost += weights.hopMsat
  const firstHop = request.firstHops[hop]
  if (firstHop === undefined || amount > firstHop.spendableMsat || delivered < firstHop.htlcMinimumMsat)
    return undefined
  if (amount - delivered > request.maxFeeMsat || cltv > maxCltvDelta || edges.length + 1 > maxHops) return undefined
  return { edges, firstHop: hop, amountMsat: amount, cltv, cost }
}
