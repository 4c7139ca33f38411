import { describe, expect, it } from 'vitest'
import { msat } from '../../src/base/index.ts'
import { findRoute } from '../../src/routing/index.ts'
import vectors from './bolt07-routing-example.vectors.json' with { type: 'json' }
import { type Edge, firstHop, graphOf, node, requestTo, scid } from './fixture.ts'

// The routing example of BOLT 7: four nodes in a square, each with fees and a delta of its own.

const { common, cases } = vectors
const numberOf = (name: string): number => common.nodes.findIndex(known => known.name === name)
const channelBetween = (a: string, b: string): number =>
  common.channels.findIndex(pair => pair === a + b || pair === b + a)

const EDGES: readonly Edge[] = common.channels.flatMap(([a = '', b = ''], id) =>
  [
    [a, b],
    [b, a],
  ].map(([from = '', to = '']) => {
    const { cltvExpiryDelta, feeBaseMsat, feeProportionalMillionths } = common.nodes[numberOf(from)] ?? raise(from)
    const policy = { cltvExpiryDelta, feeBaseMsat: msat(BigInt(feeBaseMsat)), feeProportionalMillionths }
    return { id, from: numberOf(from), to: numberOf(to), capacitySat: 10_000_000, policy }
  }),
)

const raise = (name: string): never => {
  throw new Error(`no node ${name}`)
}

const HEIGHT = 700_000

describe('the routing example of BOLT 7', () => {
  it.each(cases.map(example => [example.name, example] as const))('%s', (_, { path, htlcs, ...rest }) => {
    const [payer = '', second = ''] = path
    const payee = path.at(-1) ?? ''
    const route = findRoute(graphOf(EDGES), {
      ...requestTo(numberOf(payee), BigInt(common.amountMsat)),
      payer: node(numberOf(payer)),
      destination: {
        type: 'node',
        nodeId: node(numberOf(payee)),
        finalCltvExpiryDelta: common.minFinalCltvExpiryDelta + common.shadowRouteCltv,
      },
      height: HEIGHT,
      firstHops: [firstHop(numberOf(second), channelBetween(payer, second), 10n ** 10n)],
    })
    expect(route.ok && route.value.hops.map(({ direction: _direction, ...hop }) => hop)).toEqual(
      htlcs.map(({ from, to, amountMsat, cltvAboveHeight }) => ({
        nodeId: node(numberOf(to)),
        shortChannelId: scid(channelBetween(from, to)),
        amountMsat: BigInt(amountMsat),
        cltvExpiry: HEIGHT + cltvAboveHeight,
      })),
    )
    expect(route.ok && route.value.feeMsat).toBe('feeMsat' in rest ? BigInt(rest.feeMsat as string) : 0n)
  })

  it('finds the cheaper of the two ways by itself', () => {
    const [a, c] = [numberOf('a'), numberOf('c')]
    const route = findRoute(graphOf(EDGES), {
      ...requestTo(c, BigInt(common.amountMsat)),
      payer: node(a),
      firstHops: ['b', 'd'].map(name => firstHop(numberOf(name), channelBetween('a', name), 10n ** 10n)),
    })
    expect(route.ok && route.value.hops[0]?.nodeId).toBe(node(numberOf('b')))
  })

  it('has no route where one msat is missing in the budget, and says what the cheapest costs', () => {
    const [a, c] = [numberOf('a'), numberOf('c')]
    const request = {
      ...requestTo(c, BigInt(common.amountMsat)),
      payer: node(a),
      firstHops: [firstHop(numberOf('b'), channelBetween('a', 'b'), 10n ** 10n)],
    }
    expect(findRoute(graphOf(EDGES), { ...request, maxFeeMsat: msat(10_199n) }).ok).toBe(true)
    const refused = findRoute(graphOf(EDGES), { ...request, maxFeeMsat: msat(10_198n) })
    expect(!refused.ok && [refused.error.code, refused.error.message]).toEqual([
      'fee_limit',
      'Expected a fee of at most 10198 msat; a route that is known costs 10199 msat.',
    ])
  })
})
