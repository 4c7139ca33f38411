import { describe, expect, it } from 'vitest'
import { txWeight } from '../../src/bitcoin/index.ts'
import type { CommitmentFormat } from '../../src/commitment/index.ts'
import { builtOf, FORMATS, makeModel, type Name, viewOf } from './fixture.ts'
import { EnforcerNode, feeOf, mineUntil } from './node.ts'
import { dueSat, fourHtlcs } from './scenario.ts'

// BOLT 5, unilateral close handling: each commitment is published on a real chain, and both sides act until all is resolved.

const cases = FORMATS.flatMap(format =>
  (['alice', 'bob'] as const).map((holder): readonly [CommitmentFormat, Name] => [format, holder]),
)

describe('BOLT 5 unilateral close', () => {
  it.each(cases)('%s: both get their due from the commitment of %s', (format, holder) => {
    const model = makeModel({ format, htlcs: fourHtlcs })
    const built = builtOf(model, holder, 2)
    const nodes = (['alice', 'bob'] as const).map(name => {
      const knows = name === 'alice' ? [3] : [1]
      const view = viewOf(model, name, 2, { knows, publish: name === holder ? 'commitment' : 'nothing' })
      return new EnforcerNode(model, name, view).fundCoins(3)
    })
    const before = nodes.map(node => node.walletSat())
    for (const node of nodes) node.start()
    expect(nodes.flatMap(node => node.published.map(({ outcome }) => outcome))).toEqual(['accepted'])
    mineUntil(nodes, () => nodes.every(node => node.isResolved))
    for (const [index, node] of nodes.entries()) {
      const gained = node.walletSat() - (before[index] ?? 0n)
      expect(gained + node.feesSat()).toBe(dueSat(built, holder, node.name))
      expect(node.feesSat()).toBeLessThan(9000n)
      for (const tx of node.ownMade()) {
        // 1000 sat per kw: a satoshi for each weight unit, with signatures counted at their longest.
        const spare = Number(feeOf(model.chain, tx)) - txWeight(tx)
        expect(spare).toBeGreaterThanOrEqual(0)
        expect(spare).toBeLessThanOrEqual(3 * (tx.inputs.length + 1))
      }
      expect(node.published.filter(({ outcome }) => outcome !== 'accepted' && outcome !== 'known')).toEqual([])
    }
    const [alice, bob] = nodes
    expect(alice?.eventsOf('commitment_confirmed').map(({ which }) => which)).toEqual([
      holder === 'alice' ? 'local' : 'remote',
    ])
    expect(alice?.eventsOf('preimage_found').map(({ htlcs }) => htlcs)).toEqual([[{ offeredBy: 'local', id: 0 }]])
    expect(alice?.eventsOf('htlc_timed_out').map(({ htlc, cause }) => [htlc.id, cause])).toEqual([
      [2, 'no_output'],
      [1, 'output_taken_back'],
    ])
    expect(alice?.eventsOf('htlc_claimed').map(({ htlc }) => htlc.id)).toEqual([0])
    expect(alice?.eventsOf('htlc_returned').map(({ htlc }) => htlc.id)).toEqual([1])
    expect(bob?.eventsOf('htlc_timed_out').map(({ htlc }) => htlc.id)).toEqual([1])
  })

  it.each(FORMATS)("%s: takes its due from the peer's next commitment, before its predecessor is revoked", format => {
    // HTLC 0 of Bob's is new in state 3, and HTLC 1 of Alice's is gone from it.
    const model = makeModel({
      format,
      htlcs: height => [
        { offeredBy: 'alice', id: 1, amountSat: 40_000, cltvExpiry: height + 20, preimageSeed: 2, from: 1, until: 3 },
        { offeredBy: 'bob', id: 0, amountSat: 30_000, cltvExpiry: height + 24, preimageSeed: 3, from: 3, until: 9 },
      ],
    })
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 2, { next: true, knows: [3] }))
    const bob = new EnforcerNode(model, 'bob', viewOf(model, 'bob', 3, { publish: 'commitment' })).fundCoins(2)
    const before = alice.walletSat()
    const nodes = [alice.start(), bob.start()]
    mineUntil(nodes, () => nodes.every(node => node.isResolved))
    expect(alice.eventsOf('commitment_confirmed').map(({ which }) => which)).toEqual(['remote_next'])
    // The HTLC that the confirmed commitment lacks fails at a safe depth.
    expect(alice.eventsOf('htlc_timed_out').map(({ htlc, cause }) => [htlc.id, cause])).toEqual([[1, 'no_output']])
    const due = dueSat(builtOf(model, 'bob', 3), 'bob', 'alice')
    expect(alice.walletSat() - before + alice.feesSat()).toBe(due)
  })

  it.each(FORMATS)('%s: an HTLC that is missing, but was fulfilled off the chain, never times out', format => {
    const model = makeModel({
      format,
      htlcs: height => [
        { offeredBy: 'alice', id: 1, amountSat: 40_000, cltvExpiry: height + 20, preimageSeed: 2, from: 1, until: 3 },
      ],
    })
    const alice = new EnforcerNode(
      model,
      'alice',
      viewOf(model, 'alice', 2, { next: true, knows: [2], fulfilled: [1] }),
    )
    const bob = new EnforcerNode(model, 'bob', viewOf(model, 'bob', 3, { publish: 'commitment' }))
    mineUntil([alice.start(), bob.start()], () => alice.isResolved)
    expect(alice.eventsOf('htlc_timed_out')).toEqual([])
  })
})
