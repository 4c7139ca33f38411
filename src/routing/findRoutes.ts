import { err, type Msat, msat, ok, type Result } from '../base/index.ts'
import type { Graph } from '../gossip/index.ts'
import { refusal, tryRoute, whyNone } from './findRoute.ts'
import { DEFAULT_MAX_PARTS, DEFAULT_MIN_PART_MSAT, MAX_SEARCHES } from './limits.ts'
import type { InFlight, Route, RouteFailure, RouteRequest } from './types.ts'

export interface SplitRequest extends RouteRequest {
  /** 1 for a payee that does not offer basic_mpp. */
  readonly maxParts?: number
  readonly minPartMsat?: Msat
}

/**
 * Routes whose amounts add up to the amount exactly, and whose fees to no more than the limit (BOLT 4, basic multi-part payments).
 * One route where there is one; else the largest parts that find one, each halved until it does.
 */
export function findRoutes(graph: Graph, request: SplitRequest): Result<readonly Route[], RouteFailure> {
  const refused = refusal(request)
  if (refused !== undefined) return err(refused)
  const { maxParts = DEFAULT_MAX_PARTS, minPartMsat = DEFAULT_MIN_PART_MSAT } = request
  const plan: Plan = { graph, request, minPart: minPartMsat as bigint, searches: MAX_SEARCHES }
  const routes: Route[] = []
  let left = { amount: request.amountMsat as bigint, fee: request.maxFeeMsat as bigint, parts: maxParts }
  while (left.amount > 0n) {
    const next = nextPart(plan, routes, left)
    // Of the whole, since of a part that is left over nobody has heard.
    if (!next.ok) return routes.length === 0 ? next : err(whyNone(graph, request))
    routes.push(next.value)
    const { amountMsat, feeMsat } = next.value
    left = { amount: left.amount - amountMsat, fee: left.fee - feeMsat, parts: left.parts - 1 }
  }
  return ok(routes)
}

interface Plan {
  readonly graph: Graph
  readonly request: SplitRequest
  readonly minPart: bigint
  /** How many more are allowed. */
  searches: number
}

interface Left {
  readonly amount: bigint
  readonly fee: bigint
  readonly parts: number
}

/** The largest part that finds a route, of what is left and its halves, quarters and so on. */
function nextPart(plan: Plan, routes: readonly Route[], left: Left): Result<Route, RouteFailure> {
  const inFlight = [...(plan.request.inFlight ?? []), ...routes.flatMap(takenBy)]
  for (const amount of sizes(left, plan.minPart)) {
    // Each part has its share of the budget, so that the first one does not eat it all; the last one has what is left.
    for (const fee of new Set([(left.fee * amount + left.amount - 1n) / left.amount, left.fee])) {
      if (plan.searches === 0) break
      plan.searches -= 1
      const part = { ...plan.request, inFlight, amountMsat: msat(amount), maxFeeMsat: msat(fee) }
      const route = tryRoute(plan.graph, part)
      if (route !== undefined) return ok(route)
    }
  }
  const rest = { ...plan.request, inFlight, amountMsat: msat(left.amount), maxFeeMsat: msat(left.fee) }
  return err(refusal(rest) ?? whyNone(plan.graph, rest))
}

/** In descending order. With one part left it is all; what a part leaves over is nothing or at least a smallest part. */
function sizes({ amount, parts }: Left, minPart: bigint): readonly bigint[] {
  const all = [amount]
  if (parts <= 1) return all
  for (let size = amount / 2n; size >= minPart; size /= 2n) if (amount - size >= minPart) all.push(size)
  return all
}

/** What a part takes from the channels that the next one looks at. */
function takenBy(route: Route): readonly InFlight[] {
  return route.hops.map(({ shortChannelId, direction = 0, amountMsat }) => ({ shortChannelId, direction, amountMsat }))
}
