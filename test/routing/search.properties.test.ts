import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { msat } from '../../src/base/index.ts'
import { findRoute, type Route, type RouteRequest } from '../../src/routing/index.ts'
import { addedUp, cheapestWay } from './bruteForce.ts'
import { type Edge, firstHop, graphOf, node, requestTo, scid } from './fixture.ts'

const NODES = 6
const PAYEE = NODES - 1

const policy = fc.record({
  cltvExpiryDelta: fc.constantFrom(1, 40, 144, 900),
  feeBaseMsat: fc.constantFrom(0, 1, 1000, 50_000).map(msat),
  feeProportionalMillionths: fc.constantFrom(0, 1, 999, 200_000),
  htlcMinimumMsat: fc.constantFrom(1, 1000, 5_000_000).map(msat),
  htlcMaximumMsat: fc.constantFrom(2_000_000, 4_100_000, 1_000_000_000).map(msat),
  isDisabled: fc.constantFrom(false, false, false, true),
})

const edges: fc.Arbitrary<readonly Edge[]> = fc
  .array(
    fc.record({
      ends: fc
        .tuple(fc.integer({ min: 0, max: NODES - 1 }), fc.integer({ min: 0, max: NODES - 1 }))
        .filter(([a, b]) => a !== b),
      capacitySat: fc.constantFrom(2_000, 5_000, 100_000, 1_000_000),
      policies: fc.tuple(policy, policy),
    }),
    { minLength: 4, maxLength: 12 },
  )
  .map(channels =>
    channels.flatMap(({ ends: [a, b], capacitySat, policies: [there, back] }, id) => [
      { id, from: a, to: b, capacitySat, policy: there },
      { id, from: b, to: a, capacitySat, policy: back },
    ]),
  )

const request: fc.Arbitrary<RouteRequest> = fc
  .record({
    amount: fc.constantFrom(900n, 100_000n, 1_900_000n, 4_000_000n),
    maxFee: fc.constantFrom(0n, 2_000n, 100_000n, 10n ** 9n),
    maxCltvDelta: fc.constantFrom(200, 1000, 2016),
    maxHops: fc.constantFrom(2, 3, 20),
    hops: fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: PAYEE }), fc.constantFrom(2_000_000n, 10n ** 9n)), {
      selector: ([to]) => to,
      minLength: 1,
      maxLength: 3,
    }),
    excluded: fc.subarray([0, 1, 2, 3]),
  })
  .map(({ amount, maxFee, maxCltvDelta, maxHops, hops, excluded }) =>
    requestTo(PAYEE, amount, {
      maxFeeMsat: msat(maxFee),
      maxCltvDelta,
      maxHops,
      firstHops: hops.map(([to, spendable]) => firstHop(to, 500 + to, spendable)),
      excludedChannels: new Set(excluded.map(id => (id % 2 === 0 ? scid(id) : `${scid(id)}/0`))),
    }),
  )

/** The edges that a route takes behind its first hop. */
function edgesOf(route: Route, all: readonly Edge[]): readonly Edge[] {
  return route.hops.slice(1).map(({ shortChannelId, nodeId }) => {
    const edge = all.find(({ id, to }) => scid(id) === shortChannelId && node(to) === nodeId)
    if (edge === undefined) throw new Error('a hop over a channel that is not there')
    return edge
  })
}

describe('a route in a small graph', () => {
  it('is the cheapest of all, is within the limits, and adds up', () => {
    fc.assert(
      fc.property(edges, request, (all, wanted) => {
        const found = findRoute(graphOf(all), wanted)
        const best = cheapestWay(all, wanted, PAYEE)
        expect(found.ok).toBe(best !== undefined)
        if (!found.ok || best === undefined) return
        const route = found.value
        const hop = wanted.firstHops.findIndex(({ nodeId }) => nodeId === route.hops[0]?.nodeId)
        const way = addedUp(edgesOf(route, all), wanted, hop)
        expect(way).toBeDefined()
        expect(route.cost).toBeCloseTo(best.cost, 3)
        expect(route.cost).toBeCloseTo(way?.cost ?? Number.NaN, 3)
        expect(route.hops[0]?.amountMsat).toBe(way?.amountMsat)
        expect(route.feeMsat).toBe((way?.amountMsat ?? 0n) - wanted.amountMsat)
        expect(route.hops[0]?.cltvExpiry).toBe(wanted.height + (way?.cltv ?? 0))
        expect(route.hops.at(-1)).toMatchObject({
          nodeId: node(PAYEE),
          amountMsat: wanted.amountMsat,
          cltvExpiry: 1018,
        })
      }),
      { numRuns: 600 },
    )
  })

  it('is the same for the same request, and does not change the graph', () => {
    fc.assert(
      fc.property(edges, request, (all, wanted) => {
        const graph = graphOf(all)
        expect(findRoute(graph, wanted)).toEqual(findRoute(graph, wanted))
        expect(findRoute(graphOf(all), wanted)).toEqual(findRoute(graph, wanted))
      }),
      { numRuns: 50 },
    )
  })
})
