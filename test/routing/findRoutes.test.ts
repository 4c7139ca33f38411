import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { msat } from '../../src/base/index.ts'
import { setNode, setSpentHeight } from '../../src/gossip/edit.ts'
import { channelAt, editGraph, findChannel, findNode, type GraphDraft, setPolicy } from '../../src/gossip/index.ts'
import {
  findRoute,
  findRoutes,
  LARGEST_AMOUNT_MSAT,
  learn,
  NOTHING_LEARNT,
  type Route,
  type RouteRequest,
} from '../../src/routing/index.ts'
import { type Edge, firstHop, graphOf, node, requestTo, scid } from './fixture.ts'

// 0 has channels with 1, 2 and 3; each of them has one with 4.
const CAPACITIES = [100_000, 60_000, 30_000]
const EDGES: readonly Edge[] = CAPACITIES.map((capacitySat, i) => ({
  id: 10 + i,
  from: 1 + i,
  to: 4,
  capacitySat,
  policy: { feeBaseMsat: msat(100n), feeProportionalMillionths: 1000 },
}))
const GRAPH = graphOf(EDGES)
const OURS = CAPACITIES.map((sat, i) => firstHop(1 + i, i, BigInt(sat) * 1000n))
const wanted = (amount: bigint, fields: Partial<RouteRequest> = {}) =>
  requestTo(4, amount, { firstHops: OURS, ...fields })

const sumOf = (routes: readonly Route[], field: 'amountMsat' | 'feeMsat') =>
  routes.reduce((sum, route) => sum + route[field], 0n)

/** No channel carries more than it has, our own included. */
function expectToFit(routes: readonly Route[]): void {
  const carried = new Map<string, bigint>()
  for (const { hops } of routes) {
    for (const { shortChannelId, amountMsat } of hops)
      carried.set(shortChannelId, (carried.get(shortChannelId) ?? 0n) + amountMsat)
  }
  for (const [i, sat] of CAPACITIES.entries()) {
    expect(carried.get(scid(i)) ?? 0n).toBeLessThanOrEqual(BigInt(sat) * 1000n)
    expect(carried.get(scid(10 + i)) ?? 0n).toBeLessThanOrEqual(BigInt(sat) * 1000n)
  }
}

describe('a payment in parts', () => {
  it('is one part where one route carries it', () => {
    const found = findRoutes(GRAPH, wanted(50_000_000n))
    expect(found.ok && found.value.map(({ amountMsat }) => amountMsat)).toEqual([50_000_000n])
  })

  it('adds up to the amount exactly, in channels that have it, within the budget and the number of parts', () => {
    const amounts = fc.bigInt({ min: 1n, max: 185_000_000n })
    fc.assert(
      fc.property(
        amounts,
        fc.integer({ min: 1, max: 16 }),
        fc.bigInt({ min: 0n, max: 300_000n }),
        (amount, maxParts, budget) => {
          const found = findRoutes(GRAPH, { ...wanted(amount, { maxFeeMsat: msat(budget) }), maxParts })
          if (!found.ok) return
          expect(sumOf(found.value, 'amountMsat')).toBe(amount)
          expect(sumOf(found.value, 'feeMsat')).toBeLessThanOrEqual(budget)
          expect(found.value.length).toBeLessThanOrEqual(maxParts)
          if (found.value.length > 1)
            for (const { amountMsat } of found.value) expect(amountMsat).toBeGreaterThanOrEqual(10_000n)
          expectToFit(found.value)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('is found where it needs all of the channels', () => {
    const found = findRoutes(GRAPH, wanted(170_000_000n))
    expect(found.ok && found.value.length).toBeGreaterThan(2)
    if (found.ok) expectToFit(found.value)
  })

  it.each([
    ['more than all channels have', 'insufficient_balance', wanted(190_000_001n)],
    ['all that they have, which leaves nothing for fees', 'no_route', wanted(190_000_000n)],
    ['nothing', 'amount', wanted(0n)],
    ['more than is counted', 'amount', wanted(LARGEST_AMOUNT_MSAT + 1n)],
    ['an amount for no fee', 'fee_limit', wanted(1_000_000n, { maxFeeMsat: msat(0n) })],
    [
      'an amount to itself',
      'self_payment',
      { ...wanted(1000n), destination: { type: 'node', nodeId: node(0), finalCltvExpiryDelta: 18 } },
    ],
    ['an amount to nobody that is known', 'no_route', requestTo(99, 1000n, { firstHops: OURS })],
    ['more parts than are allowed', 'no_route', { ...wanted(150_000_000n), maxParts: 1 }],
  ] as const)('is refused for %s', (_, code, request) => {
    const found = findRoutes(GRAPH, request as RouteRequest)
    expect(!found.ok && found.error.code).toBe(code)
    const alone = findRoute(GRAPH, request as RouteRequest)
    expect(alone.ok).toBe(false)
  })

  it('leaves what is under way where it is', () => {
    const inFlight = [
      { shortChannelId: scid(10), direction: 0, amountMsat: msat(60_000_000n) },
      { shortChannelId: scid(1), direction: 0, amountMsat: msat(60_000_000n) },
    ] as const
    const found = findRoute(GRAPH, wanted(50_000_000n, { inFlight }))
    // 10 has 40,000 sat left, our second channel nothing, and the third is too small.
    expect(!found.ok && found.error.code).toBe('no_route')
    expect(findRoute(GRAPH, wanted(39_000_000n, { inFlight })).ok).toBe(true)
  })
})

describe('the ends of a route that no graph has', () => {
  const hint = [
    {
      nodeId: node(4),
      shortChannelId: scid(70),
      feeBaseMsat: msat(5n),
      feeProportionalMillionths: 0,
      cltvExpiryDelta: 7,
    },
    {
      nodeId: node(8),
      shortChannelId: scid(71),
      feeBaseMsat: msat(3n),
      feeProportionalMillionths: 10_000,
      cltvExpiryDelta: 9,
    },
  ]
  const toHidden = (fields: Partial<RouteRequest> = {}) =>
    wanted(1_000_000n, {
      destination: { type: 'node', nodeId: node(9), finalCltvExpiryDelta: 18, hints: [hint] },
      ...fields,
    })

  it('are the hints of an invoice, hop by hop', () => {
    const found = findRoute(GRAPH, toHidden())
    expect(found.ok && found.value.hops.slice(1).map(({ direction: _, ...hop }) => hop)).toEqual([
      { nodeId: node(4), shortChannelId: scid(10), amountMsat: 1_010_008n, cltvExpiry: 1000 + 34 },
      { nodeId: node(8), shortChannelId: scid(70), amountMsat: 1_010_003n, cltvExpiry: 1000 + 27 },
      { nodeId: node(9), shortChannelId: scid(71), amountMsat: 1_000_000n, cltvExpiry: 1000 + 18 },
    ])
    expect(found.ok && found.value.feeMsat).toBe(10_008n + 100n + 1010n)
  })

  it('may begin at a peer in the middle of a hint, or be a peer', () => {
    const atPeer = findRoute(GRAPH, toHidden({ firstHops: [firstHop(8, 80, 10n ** 9n)] }))
    expect(atPeer.ok && atPeer.value.hops.map(({ nodeId }) => nodeId)).toEqual([node(8), node(9)])
    const payee = findRoute(GRAPH, toHidden({ firstHops: [firstHop(9, 90, 10n ** 9n)] }))
    expect(payee.ok && [payee.value.hops.length, payee.value.feeMsat]).toEqual([1, 0n])
  })

  it('are of no use behind what is excluded', () => {
    expect(findRoute(GRAPH, toHidden({ excludedChannels: new Set([scid(71)]) })).ok).toBe(false)
    expect(findRoute(GRAPH, toHidden({ excludedNodes: new Set([node(8)]) })).ok).toBe(false)
    expect(findRoute(GRAPH, toHidden({ excludedNodes: new Set([node(1), node(2), node(3)]) })).ok).toBe(false)
    expect(findRoute(GRAPH, toHidden({ excludedChannels: new Set(['nonsense', scid(0), scid(1), scid(2)]) })).ok).toBe(
      false,
    )
  })

  it('are blinded paths: paid for as a whole, within their bounds', () => {
    const path = {
      introductionNode: node(4),
      hops: 2,
      feeBaseMsat: msat(50n),
      feeProportionalMillionths: 1000,
      cltvExpiryDelta: 60,
      htlcMinimumMsat: msat(1000n),
      htlcMaximumMsat: msat(2_000_000n),
    }
    const dear = { ...path, feeBaseMsat: msat(90_000n) }
    const to = (amount: bigint, maxHops = 20) =>
      findRoute(
        GRAPH,
        wanted(amount, { maxHops, destination: { type: 'blinded', paths: [dear, path], finalCltvExpiryDelta: 18 } }),
      )
    const found = to(1_000_000n)
    expect(found.ok && found.value).toMatchObject({
      blindedPath: 1,
      amountMsat: 1_000_000n,
      feeMsat: 1050n + 100n + 1001n,
    })
    expect(found.ok && found.value.hops.at(-1)).toMatchObject({
      nodeId: node(4),
      amountMsat: 1_001_050n,
      cltvExpiry: 1078,
    })
    expect([to(999n).ok, to(2_000_001n).ok, to(1_000_000n, 4).ok, to(1_000_000n, 3).ok]).toEqual([
      false,
      false,
      true,
      false,
    ])
  })

  it('from ourselves are no way', () => {
    const ours = [
      {
        nodeId: node(0),
        shortChannelId: scid(70),
        feeBaseMsat: msat(0n),
        feeProportionalMillionths: 0,
        cltvExpiryDelta: 1,
      },
    ]
    const destination = { type: 'node', nodeId: node(9), finalCltvExpiryDelta: 18, hints: [ours] } as const
    expect(findRoute(GRAPH, wanted(1000n, { destination })).ok).toBe(false)
  })

  it('that ask for fees beyond all counting are left out', () => {
    const dear = {
      nodeId: node(4),
      shortChannelId: scid(70),
      feeBaseMsat: msat(0n),
      feeProportionalMillionths: 0xffffffff,
      cltvExpiryDelta: 1,
    }
    const hints = [[dear, dear, dear, dear, dear]]
    const destination = { type: 'node', nodeId: node(9), finalCltvExpiryDelta: 18, hints } as const
    expect(findRoute(GRAPH, wanted(100_000_000n, { destination })).ok).toBe(false)
  })
})

describe('what bars a way', () => {
  const barred = (change: (draft: GraphDraft, row: number) => void) => {
    const graph = editGraph(graphOf(EDGES.slice(0, 1)), draft => change(draft, findChannel(draft, scid(10)) ?? -1))
    return findRoute(graph, wanted(1_000_000n))
  }

  it('is an unknown even feature of a node, unless it is the payee', () => {
    const facts = {
      timestamp: 1,
      isRoutable: false,
      offersMpp: false,
      offersOnionMessages: false,
      offersAttribution: false,
    }
    const at = (number: number) => barred(draft => setNode(draft, findNode(draft, node(number)) ?? -1, facts)).ok
    expect([at(1), at(4)]).toEqual([false, true])
  })

  it('is that no policy is known; a spent funding makes it dearer', () => {
    const plain = findRoute(graphOf(EDGES.slice(0, 1)), wanted(1_000_000n))
    const spent = barred((draft, row) => setSpentHeight(draft, row, 900))
    expect(spent.ok && plain.ok && spent.value.cost - plain.value.cost).toBeCloseTo(50_000)
    const unknown = graphOf(EDGES.slice(0, 1).map(edge => ({ ...edge, from: edge.to, to: edge.from })))
    expect(findRoute(unknown, wanted(1_000_000n)).ok).toBe(false)
  })

  it('is seen in the same graph after each change of a policy', () => {
    const graph = graphOf(EDGES)
    const disabled = editGraph(graph, draft => {
      const row = findChannel(draft, scid(10)) ?? -1
      const before = channelAt(draft, row).policies[0]
      if (before !== undefined) setPolicy(draft, row, 0, { ...before, isDisabled: true })
    })
    const second = (of: typeof graph) => {
      const found = findRoute(of, wanted(1_000_000n))
      return found.ok && found.value.hops[1]?.shortChannelId
    }
    expect([second(graph), second(disabled), second(graph)]).toEqual([scid(10), scid(11), scid(10)])
  })
})

describe('a long way', () => {
  // A line of 25 nodes, and beside each third of it a dear channel that is shorter.
  const line: readonly Edge[] = Array.from({ length: 24 }, (_, i) => ({
    id: 100 + i,
    from: 1 + i,
    to: 2 + i,
    capacitySat: 1_000_000,
    policy: {},
  }))
  const shortcut: Edge = { id: 99, from: 2, to: 20, capacitySat: 1_000_000, policy: { feeBaseMsat: msat(500_000n) } }
  const ours = { firstHops: [firstHop(1, 1, 10n ** 9n)] }

  it('has twenty hops at most: a dearer one that is shorter is found, where there is one', () => {
    expect(findRoute(graphOf(line), requestTo(25, 1000n, ours)).ok).toBe(false)
    const at20 = findRoute(graphOf(line), requestTo(20, 1000n, ours))
    expect(at20.ok && at20.value.hops.length).toBe(20)
    const found = findRoute(graphOf([...line, shortcut]), requestTo(25, 1000n, ours))
    expect(found.ok && found.value.hops.length).toBe(8)
  })

  it('grows with the search, in columns that grow with it', () => {
    const fan: readonly Edge[] = Array.from({ length: 6000 }, (_, i) => ({
      id: 1000 + i,
      from: 100 + i,
      to: 50,
      capacitySat: 1_000,
      policy: {},
    }))
    const found = findRoute(graphOf(fan), requestTo(50, 1000n, { firstHops: [firstHop(6099, 1, 10n ** 9n)] }))
    expect(found.ok && found.value.hops.length).toBe(2)
  })
})

describe('what payments have taught', () => {
  const lesson = { shortChannelId: scid(10), direction: 0, capacityMsat: msat(100_000_000n), now: 0 } as const
  const routeWith = (liquidity: typeof NOTHING_LEARNT, now = 0) => {
    const found = findRoute(GRAPH, wanted(20_000_000n, { liquidity, now }))
    return found.ok ? found.value.hops[1]?.shortChannelId : found.error.code
  }

  it('leads a payment around a channel that had too little, until it is long ago', () => {
    expect(routeWith(NOTHING_LEARNT)).toBe(scid(10))
    const failed = learn(NOTHING_LEARNT, { ...lesson, amountMsat: msat(20_000_000n), outcome: 'failed' })
    expect(routeWith(failed)).toBe(scid(11))
    expect(routeWith(failed, 7 * 86_400_000)).toBe(scid(10))
  })

  it('leads it through one that had enough', () => {
    const passed = learn(NOTHING_LEARNT, {
      ...lesson,
      shortChannelId: scid(12),
      capacityMsat: msat(30_000_000n),
      amountMsat: msat(25_000_000n),
      outcome: 'passed',
    })
    expect(routeWith(passed)).toBe(scid(12))
    const settled = learn(passed, {
      ...lesson,
      shortChannelId: scid(12),
      capacityMsat: msat(30_000_000n),
      amountMsat: msat(25_000_000n),
      outcome: 'settled',
    })
    expect(routeWith(settled)).toBe(scid(10))
  })
})
