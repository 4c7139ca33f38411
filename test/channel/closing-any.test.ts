import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { feeratePerKw, msat } from '../../src/base/index.ts'
import { p2trScript, p2wshScript } from '../../src/bitcoin/index.ts'
import { change, expectGood, feeOf, LEGACY, NAMES, published } from './closingFixtures.ts'
import {
  ALL_FEATURES,
  CAPACITY,
  type Duo,
  deliver,
  durableOf,
  input,
  opened,
  type Side,
  walletScript,
} from './harness.ts'

// Any balances, feerates and scripts: the close is one that the chain takes, and nobody gets more than is theirs.

const BASE = { legacy: opened({ negotiated: LEGACY }), simple: opened({ negotiated: ALL_FEATURES }) }

/** An open channel of its own, without opening one each time. */
function copyOf({ alice, bob }: Duo): Duo {
  const copy = (side: Side): Side => ({ ...side, outbox: [], effects: [], records: new Map(side.records) })
  return { alice: copy(alice), bob: copy(bob) }
}

const someScript = fc.constantFrom(walletScript(90), p2wshScript(new Uint8Array(2)), p2trScript(new Uint8Array(32)))
const side = fc.record({ feerate: fc.integer({ min: 253, max: 100_000 }), script: someScript })
// Near either end one output is dust; a fraction of a satoshi belongs to nobody.
const balance = fc.oneof(
  fc.bigInt({ min: 2_000_000n, max: 998_000_000n }),
  fc.bigInt({ min: 998_000_000n, max: 1_000_000_000n }),
  fc.bigInt({ min: 2_000_000n, max: 12_000_000n }),
)
const first = fc.constantFrom(...NAMES)

describe.each(['legacy', 'simple'] as const)('BOLT 2, channel close, %s', protocol => {
  it('ends in transactions that the chain takes, for any balances, feerates and scripts', () => {
    fc.assert(
      fc.property(balance, side, side, first, (aliceMsat, alice, bob, asks) => {
        const duo = copyOf(BASE[protocol])
        const bobMsat = msat(CAPACITY * 1000n - aliceMsat)
        change(duo.alice, { settled: { localMsat: msat(aliceMsat), remoteMsat: bobMsat } })
        change(duo.bob, { settled: { localMsat: bobMsat, remoteMsat: msat(aliceMsat) } })
        for (const [name, { feerate, script }] of [
          ['alice', alice],
          ['bob', bob],
        ] as const) {
          const { context } = duo[name]
          const feerates = { ...context.feerates, mutualClose: feeratePerKw(feerate) }
          duo[name].context = { ...context, feerates, shutdownScript: script }
        }
        input(duo, asks, { type: 'shutdown' })
        deliver(duo)
        const closes = durableOf(duo.alice).mutualCloses
        expect(closes.length).toBeGreaterThan(0)
        for (const name of NAMES) {
          expect(duo[name].channel.state).toBe('negotiating')
          expect(new Set(durableOf(duo[name]).mutualCloses)).toEqual(new Set(closes))
          expect(published(duo[name])).toHaveLength(closes.length)
        }
        for (const tx of closes) {
          expectGood(duo, tx)
          const paid = tx.outputs.reduce((sum, output) => sum + output.amountSat, 0n)
          expect(paid + feeOf(duo, tx)).toBe(CAPACITY)
          const shares = { [alice.script.join()]: aliceMsat, [bob.script.join()]: bobMsat }
          for (const { amountSat, script } of alice.script === bob.script ? [] : tx.outputs) {
            expect(amountSat * 1000n).toBeLessThanOrEqual(shares[script.join()] ?? 0n)
          }
        }
      }),
      { numRuns: 25 },
    )
  })
})
