import { defined, err, msat, ok, type Result } from '../base/index.ts'
import { CHANNEL, type Direction, floatAt, type Graph, nodeIdAt, pageOf, scidAt, startOf } from '../gossip/index.ts'
import { NOWHERE, value } from './labels.ts'
import { LARGEST_AMOUNT_MSAT } from './limits.ts'
import { type Scene, sceneOf } from './scene.ts'
import { chanceOfPassing, type Found, quickSearch, search } from './search.ts'
import type { Route, RouteFailure, RouteHop, RouteRequest } from './types.ts'

/**
 * The cheapest route for one HTLC, by fees, by how long money may be held and by how likely it is that each channel has the amount;
 * within the limits of the request. Cost: a search over the graph, some milliseconds for the whole network.
 */
export function findRoute(graph: Graph, request: RouteRequest): Result<Route, RouteFailure> {
  const refused = refusal(request)
  if (refused !== undefined) return err(refused)
  const route = tryRoute(graph, request)
  return route === undefined ? err(whyNone(graph, request)) : ok(route)
}

/** The same, for a request that is not refused, without asking why there is none. */
export function tryRoute(graph: Graph, request: RouteRequest): Route | undefined {
  const scene = sceneOf(graph, request)
  const found = search(scene)
  return found === undefined ? undefined : routeOf(found, scene, request)
}

/** What can be said without looking at the graph. */
export function refusal({ payer, destination, amountMsat, firstHops }: RouteRequest): RouteFailure | undefined {
  if (amountMsat <= 0n || amountMsat > LARGEST_AMOUNT_MSAT) {
    const message = `Expected an amount above 0 and up to ${LARGEST_AMOUNT_MSAT} msat, got ${amountMsat} msat.`
    return { code: 'amount', message }
  }
  if (destination.type === 'node' && destination.nodeId === payer) {
    return { code: 'self_payment', message: 'The payee is this node itself: there is no route to find.' }
  }
  const spendable = firstHops.reduce((sum, hop) => sum + (hop.spendableMsat as bigint), 0n)
  if (spendable >= amountMsat) return undefined
  const message = `Expected at most ${spendable} msat, which all channels together can spend now, got ${amountMsat} msat.`
  return { code: 'insufficient_balance', message }
}

/** Tells a fee limit from a network that leads nowhere: a second search, where there was no route. */
export function whyNone(graph: Graph, request: RouteRequest): RouteFailure {
  const found = quickSearch(sceneOf(graph, { ...request, maxFeeMsat: msat(LARGEST_AMOUNT_MSAT) }))
  if (found === undefined) {
    const message = `No route is known that can carry ${request.amountMsat} msat within the limits of time and length.`
    return { code: 'no_route', message }
  }
  const fee = value(found.labels.amounts, found.label) - Number(request.amountMsat)
  const message = `Expected a fee of at most ${request.maxFeeMsat} msat; a route that is known costs ${fee} msat.`
  return { code: 'fee_limit', message }
}

function routeOf({ labels, label, firstHop, cost }: Found, scene: Scene, request: RouteRequest): Route {
  const { graph } = scene
  const amountAt = (at: number) => msat(value(labels.amounts, at))
  const cltvAt = (at: number) => request.height + value(labels.cltvs, at)
  const hops: RouteHop[] = [
    {
      nodeId: firstHop.nodeId,
      shortChannelId: firstHop.shortChannelId,
      amountMsat: amountAt(label),
      cltvExpiry: cltvAt(label),
    },
  ]
  let chance = 1
  let at = label
  while (value(labels.channels, at) !== NOWHERE) {
    const channel = value(labels.channels, at)
    const [row, direction] = [channel >> 1, (channel & 1) as Direction]
    at = value(labels.parents, at)
    hops.push({
      nodeId: nodeIdAt(graph, value(labels.nodes, at)),
      shortChannelId: scidAt(graph, row),
      amountMsat: amountAt(at),
      cltvExpiry: cltvAt(at),
      direction,
    })
    chance *= chanceOfPassing(scene, channel, value(labels.amounts, at), capacityMsat(graph, row))
  }
  const tail = defined(scene.tails[value(labels.parents, at)], 'a way begins with one of the tails')
  return {
    hops: [...hops, ...tail.hops],
    amountMsat: request.amountMsat,
    feeMsat: msat(value(labels.amounts, label) - scene.amount),
    ...(tail.blindedPath !== undefined && { blindedPath: tail.blindedPath }),
    chance,
    cost,
  }
}

function capacityMsat(graph: Graph, row: number): number {
  const { floats } = pageOf(graph.channels, row)
  return 1000 * floatAt(floats, (startOf(graph.channels, row) >>> 1) + CHANNEL.CAPACITY_SAT)
}
