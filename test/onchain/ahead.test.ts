import { describe, expect, it } from 'vitest'
import { txid } from '../../src/bitcoin/index.ts'
import { FORMATS, type ModelHtlc, makeModel, signedOf, viewOf } from './fixture.ts'
import { EnforcerNode, mineUntil } from './node.ts'

// Commitments that are seen while they wait for a block.

const oldHtlcs = (height: number): readonly ModelHtlc[] => [
  { offeredBy: 'alice', id: 0, amountSat: 50_000, cltvExpiry: height + 60, preimageSeed: 1, from: 1, until: 3 },
]

describe('a commitment that waits for a block', () => {
  it.each(FORMATS)('%s: a revoked one has its penalty beside it, and one block holds both', format => {
    const model = makeModel({ format, htlcs: oldHtlcs, delays: { alice: 6, bob: 40 } })
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 4)).start()
    const theft = signedOf(model, 'bob', 1)
    expect(model.chain.submit(theft).ok).toBe(true)
    const before = alice.state
    alice.give({ type: 'unconfirmed_spend', tx: theft })
    expect(alice.published.map(({ role, outcome }) => [role, outcome])).toEqual([['penalty', 'accepted']])
    expect(alice.eventsOf('revoked_commitment_waits').map(({ commitmentNumber }) => commitmentNumber)).toEqual([1])
    // Nothing of it is kept: it may never confirm.
    expect(alice.state).toEqual(before)
    const penalty = alice.published[0]?.tx
    if (penalty === undefined) throw new Error('a penalty is out')
    model.chain.mine(1)
    alice.catchUp()
    expect(model.chain.transaction(txid(penalty))?.confirmations).toBe(1)
    // The rest is taken as ever.
    mineUntil([alice], () => alice.isResolved)
    expect(alice.published.filter(({ outcome }) => outcome !== 'accepted' && outcome !== 'known')).toEqual([])
    expect(alice.walletSat()).toBeGreaterThan(990_000n)
  })

  it.each(FORMATS)('%s: a valid one is left to its block', format => {
    const model = makeModel({ format, htlcs: oldHtlcs })
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 2)).start()
    const { effects } = alice.give({ type: 'unconfirmed_spend', tx: signedOf(model, 'bob', 2) })
    expect(effects).toEqual([])
  })

  it('is looked at no more when a block holds another end', () => {
    const model = makeModel({ format: 'static_remotekey', htlcs: oldHtlcs })
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 4)).start()
    model.chain.mine(1, { transactions: [signedOf(model, 'bob', 4)] })
    alice.catchUp()
    const published = alice.published.length
    alice.give({ type: 'unconfirmed_spend', tx: signedOf(model, 'bob', 1) })
    expect([alice.published.length, alice.eventsOf('revoked_commitment_waits')]).toEqual([published, []])
  })

  it('that spends something else is nothing', () => {
    const model = makeModel({ format: 'static_remotekey', htlcs: oldHtlcs })
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 4)).start()
    const { effects } = alice.give({ type: 'unconfirmed_spend', tx: model.fundingTx })
    expect(effects).toEqual([])
  })
})
