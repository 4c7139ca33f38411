import { describe, expect, it } from 'vitest'
import { outPointKey } from '../../src/base/index.ts'
import { type Tx, txid } from '../../src/bitcoin/index.ts'
import type { CommitmentFormat } from '../../src/commitment/index.ts'
import { builtOf, FORMATS, type Model, type ModelHtlc, makeModel, viewOf } from './fixture.ts'
import { EnforcerNode, mine, mineUntil, reorg } from './node.ts'

// BOLT 5, revoked transaction close handling: Bob publishes a state that he has revoked, and his second stages with it.

/** They stood on state 1, which is old: Bob knows the preimages of the first two, and his own two expire soon. */
function oldHtlcs(height: number): readonly ModelHtlc[] {
  const each = { from: 1, until: 3 }
  return [
    { ...each, offeredBy: 'alice', id: 0, amountSat: 50_000, cltvExpiry: height + 60, preimageSeed: 1 },
    { ...each, offeredBy: 'alice', id: 1, amountSat: 40_000, cltvExpiry: height + 60, preimageSeed: 2 },
    { ...each, offeredBy: 'bob', id: 0, amountSat: 30_000, cltvExpiry: height + 12, preimageSeed: 3 },
    { ...each, offeredBy: 'bob', id: 1, amountSat: 20_000, cltvExpiry: height + 60, preimageSeed: 4 },
    { ...each, offeredBy: 'bob', id: 2, amountSat: 300, cltvExpiry: height + 60, preimageSeed: 5 },
    // This one stands now. The old commitment knows nothing of it.
    { offeredBy: 'alice', id: 7, amountSat: 60_000, cltvExpiry: height + 80, preimageSeed: 7, from: 4, until: 9 },
  ]
}

interface Crime {
  readonly model: Model
  readonly alice: EnforcerNode
  readonly bob: EnforcerNode
  readonly before: bigint
}

/** Alice is in state 4; Bob acts as if it were still 1, and knows these preimages. */
function crime(format: CommitmentFormat, knows: readonly number[]): Crime {
  const model = makeModel({ format, htlcs: oldHtlcs, delays: { alice: 6, bob: 40 } })
  const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 4))
  const bob = new EnforcerNode(model, 'bob', viewOf(model, 'bob', 1, { publish: 'commitment', knows })).fundCoins(4)
  const before = alice.walletSat()
  return { model, alice: alice.start(), bob: bob.start(), before }
}

/** Everything on the revoked commitment but the anchors, less the fees that Bob's second stages burnt. */
function spoilsSat({ model, bob }: Crime): bigint {
  const outputs = builtOf(model, 'bob', 1).outputs.filter(({ type }) => !type.endsWith('anchor'))
  const burnt = model.format === 'static_remotekey' ? bob.feesSat() : 0n
  return outputs.reduce((sum, output) => sum + output.amountSat, 0n) - burnt
}

function expectAllTaken(scene: Crime): void {
  const { alice, bob, before } = scene
  mineUntil([alice, bob], () => alice.isResolved)
  expect(alice.walletSat() - before + alice.feesSat()).toBe(spoilsSat(scene))
  expect(alice.feesSat()).toBeLessThan(9000n)
  expect(alice.eventsOf('revoked_commitment').map(({ commitmentNumber }) => commitmentNumber)).toEqual([1])
  // What stands now is not on the old commitment, and has failed.
  expect(alice.eventsOf('htlc_timed_out').map(({ htlc, cause }) => [htlc.id, cause])).toEqual([[7, 'no_output']])
  expect(bob.walletSat()).toBeLessThanOrEqual(80_000n)
}

/** The outputs of HTLC transactions in one: each has its input at the same place, and P2WSH. */
function secondStagesOf(tx: Tx): readonly string[] {
  const id = txid(tx)
  return tx.outputs.flatMap(({ script }, vout) => (script.length === 34 ? [outPointKey({ txid: id, vout })] : []))
}

describe('BOLT 5 revoked commitment', () => {
  it.each(FORMATS)('%s: Alice takes every output at once', format => {
    const scene = crime(format, [])
    mine([scene.alice], 2)
    // All is in one block: nothing is left for Bob.
    expect(scene.alice.confirmed().flatMap(tx => tx.inputs).length).toBe(6)
    expectAllTaken(scene)
  })

  it.each(FORMATS)('%s: with one second stage confirmed before', format => {
    const scene = crime(format, [1])
    scene.alice.online = false
    // The commitment, then Bob's HTLC-success; his HTLC-timeout has not expired.
    mine([scene.bob, scene.alice], 2)
    expect(scene.bob.confirmed().length).toBe(1)
    scene.alice.online = true
    expectAllTaken(scene)
    expect(scene.alice.eventsOf('preimage_found').map(({ htlcs }) => htlcs)).toEqual([[{ offeredBy: 'local', id: 0 }]])
  })

  it.each(FORMATS)('%s: with all second stages confirmed before', format => {
    const scene = crime(format, [1, 2])
    scene.alice.online = false
    mine([scene.bob, scene.alice], 12)
    // With anchors the two that he takes by preimages share a transaction.
    const seconds = scene.bob.confirmed().flatMap(secondStagesOf)
    expect([scene.bob.confirmed().length, seconds.length]).toEqual(format === 'static_remotekey' ? [3, 3] : [2, 3])
    scene.alice.online = true
    expectAllTaken(scene)
    // What Bob took to the second stage is taken there.
    const taken = scene.alice.confirmed().flatMap(tx => tx.inputs.map(input => outPointKey(input.outpoint)))
    expect(seconds.every(outpoint => taken.includes(outpoint))).toBe(true)
  })

  it.each(FORMATS)(
    '%s: a second stage that confirms before the penalty only changes what the penalty takes',
    format => {
      const scene = crime(format, [1, 2])
      const { model, alice, bob } = scene
      alice.online = false
      mine([alice, bob], 1)
      // Alice's penalties are waiting, and Bob's friends mine his HTLC-success transactions.
      const bobs = bob.published.filter(({ role }) => role === 'htlc-success').map(({ tx }) => tx)
      expect(bobs.flatMap(secondStagesOf).length).toBe(2)
      alice.online = true
      const first = alice.state.claims.map(claim => claim.txid)
      model.chain.mine(1, { transactions: bobs })
      alice.catchUp()
      bob.catchUp()
      // The conflicting claims are gone, what is left of them is claimed anew.
      const spent = new Set(bobs.flatMap(tx => tx.inputs.map(input => outPointKey(input.outpoint))))
      const live = alice.state.claims
      expect(live.some(({ tx }) => tx.inputs.some(input => spent.has(outPointKey(input.outpoint))))).toBe(false)
      expect(live.some(({ txid }) => !first.includes(txid))).toBe(true)
      expectAllTaken(scene)
    },
  )

  it.each(FORMATS)('%s: to_local and our own output are taken while the archive is silent', format => {
    const scene = crime(format, [])
    const { alice } = scene
    alice.archive = false
    mine([alice], 3)
    expect(alice.isResolved).toBe(false)
    const kinds = alice.confirmed().flatMap(tx => tx.inputs).length
    expect(kinds).toBe(2)
    // It is asked again in each block until it answers.
    alice.archive = true
    expectAllTaken(scene)
  })

  it.each(FORMATS.flatMap(format => [1, 3, 6].map((depth): [CommitmentFormat, number] => [format, depth])))(
    '%s: reorganisations of depth %s, again and again, change nothing of it',
    (format, depth) => {
      const scene = crime(format, [1])
      const { alice, bob } = scene
      alice.online = false
      mine([bob, alice], 2)
      alice.online = true
      for (let round = 0; round < 4; round++) {
        mine([alice, bob], depth)
        reorg([alice, bob], depth)
      }
      mineUntil([alice, bob], () => alice.state.reported.includes('resolved'))
      expect(alice.walletSat() - scene.before + alice.feesSat()).toBe(spoilsSat(scene))
      expect(alice.eventsOf('htlc_timed_out').every(({ htlc }) => htlc.id === 7)).toBe(true)
    },
  )
})
