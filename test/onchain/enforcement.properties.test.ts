import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtOf, FORMATS, type ModelHtlc, makeModel, viewOf } from './fixture.ts'
import { EnforcerNode, mine, mineUntil, reorg } from './node.ts'

// Whatever comes in between, a revoked commitment gives Alice all of it.

type Happening =
  | { readonly type: 'blocks'; readonly count: number }
  | { readonly type: 'reorg'; readonly depth: number }
  | { readonly type: 'restart' }
  /** Alice's transactions reach nobody, for as many blocks. */
  | { readonly type: 'outage'; readonly count: number }

const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ type: fc.constant('blocks' as const), count: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ type: fc.constant('reorg' as const), depth: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ type: fc.constant('restart' as const) }),
  fc.record({ type: fc.constant('outage' as const), count: fc.integer({ min: 1, max: 3 }) }),
)

const htlcs = (height: number): readonly ModelHtlc[] => {
  const each = { from: 1, until: 3 }
  return [
    { ...each, offeredBy: 'alice', id: 0, amountSat: 50_000, cltvExpiry: height + 12, preimageSeed: 1 },
    { ...each, offeredBy: 'alice', id: 1, amountSat: 40_000, cltvExpiry: height + 90, preimageSeed: 2 },
    { ...each, offeredBy: 'bob', id: 0, amountSat: 30_000, cltvExpiry: height + 8, preimageSeed: 3 },
    { ...each, offeredBy: 'bob', id: 1, amountSat: 20_000, cltvExpiry: height + 30, preimageSeed: 4 },
  ]
}

describe.each(FORMATS)('a revoked commitment, %s', format => {
  it('is Alice’s, whatever happens on the way', () => {
    fc.assert(
      fc.property(fc.array(happening, { minLength: 2, maxLength: 7 }), fc.subarray([1, 2]), (happenings, knows) => {
        const model = makeModel({ format, htlcs, delays: { alice: 6, bob: 120 } })
        const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 4))
        const bob = new EnforcerNode(model, 'bob', viewOf(model, 'bob', 1, { publish: 'commitment', knows }))
        const before = alice.walletSat()
        const nodes = [alice.start(), bob.fundCoins(5).start()]
        // The funding stays where it is: reorganisations reach back to the coins of Bob at most.
        const base = model.chain.height
        mine(nodes, 1)
        for (const each of happenings) {
          if (each.type === 'restart') alice.restart()
          if (each.type === 'reorg') reorg(nodes, Math.min(each.depth, model.chain.height - base))
          if (each.type === 'outage') alice.online = false
          if ('count' in each) mine(nodes, each.count)
          alice.online = true
        }
        mineUntil(nodes, () => alice.state.reported.includes('resolved'))
        const outputs = builtOf(model, 'bob', 1).outputs.filter(({ type }) => !type.endsWith('anchor'))
        const burnt = format === 'static_remotekey' ? bob.feesSat() : 0n
        const all = outputs.reduce((sum, output) => sum + output.amountSat, 0n)
        expect(alice.walletSat() - before + alice.feesSat()).toBe(all - burnt)
      }),
      { numRuns: 10 },
    )
  })
})
