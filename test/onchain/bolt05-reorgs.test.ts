import { describe, expect, it } from 'vitest'
import { outPointKey } from '../../src/base/index.ts'
import { txid } from '../../src/bitcoin/index.ts'
import type { CommitmentFormat } from '../../src/commitment/index.ts'
import { builtOf, FORMATS, makeModel, type Name, signedOf, viewOf } from './fixture.ts'
import { EnforcerNode, mine, mineUntil, reorg } from './node.ts'
import { dueSat, fourHtlcs } from './scenario.ts'

// BOLT 5, requirements: "MUST be prepared to resolve outputs multiple times, in case of blockchain reorganizations".

function pair(format: CommitmentFormat, holder: Name) {
  const model = makeModel({ format, htlcs: fourHtlcs })
  const [alice, bob] = (['alice', 'bob'] as const).map(name => {
    const knows = name === 'alice' ? [3] : [1]
    const view = viewOf(model, name, 2, { knows, publish: name === holder ? 'commitment' : 'nothing' })
    return new EnforcerNode(model, name, view).fundCoins(4)
  })
  if (alice === undefined || bob === undefined) throw new Error('two sides')
  return { model, alice, bob, nodes: [alice, bob] }
}

const settled = (node: EnforcerNode): boolean => node.state.reported.includes('resolved')

const cases = FORMATS.flatMap(format => [1, 2, 4, 6].map((depth): [CommitmentFormat, number] => [format, depth]))

describe('reorganisations', () => {
  it.each(cases)('%s: of depth %s in every phase, and still each side gets its due', (format, depth) => {
    const { model, alice, bob, nodes } = pair(format, 'alice')
    const before = nodes.map(node => node.walletSat())
    for (const node of nodes) node.start()
    // Two steps forward, so that in the end every phase has been undone once, the last one too.
    for (let round = 0; round < 60 && !nodes.every(settled); round++) {
      mine(nodes, depth + 1)
      reorg(nodes, depth)
    }
    mineUntil(nodes, () => nodes.every(settled))
    for (const [index, node] of nodes.entries()) {
      const gained = node.walletSat() - (before[index] ?? 0n)
      expect(gained + node.feesSat()).toBe(dueSat(builtOf(model, 'alice', 2), 'alice', node.name))
    }
    // What is told after a safe depth was told of the right HTLCs, and the preimage was never lost.
    expect(new Set(alice.eventsOf('htlc_timed_out').map(({ htlc }) => htlc.id))).toEqual(new Set([1, 2]))
    expect(alice.eventsOf('preimage_found').length).toBe(1)
    expect(bob.eventsOf('htlc_claimed').every(({ htlc }) => htlc.id === 0)).toBe(true)
  })

  it.each(FORMATS)('%s: claims on a commitment in whose place another one has come are withdrawn', format => {
    const { model, bob, nodes } = pair(format, 'alice')
    for (const node of nodes) node.start()
    // The peer's claims on hers: then the chain takes his instead.
    mineUntil(nodes, () => bob.confirmed().length > 0)
    const claims = bob.state.claims
    const commitment = txid(signedOf(model, 'alice', 2))
    const height = model.chain.transaction(commitment)?.height ?? 0
    const depth = model.chain.height - height + 1
    if (!model.chain.reorganize({ depth, transactions: [signedOf(model, 'bob', 2)] }).ok)
      throw new Error('the reorganisation failed')
    for (const node of nodes) node.catchUp()
    expect(claims.length).toBeGreaterThan(0)
    for (const claim of claims) expect(bob.withdrawn).toContain(claim.txid)
    mineUntil(nodes, () => nodes.every(settled))
    for (const node of nodes)
      expect(node.withdrawn.filter(id => model.chain.transaction(id)?.height !== undefined)).toEqual([])
  })

  it.each(FORMATS)(
    '%s: a commitment that is undone is published again, and its claims are kept as they are',
    format => {
      const { model, alice, nodes } = pair(format, 'alice')
      for (const node of nodes) node.start()
      mineUntil(nodes, () => alice.confirmed().length > 0)
      const claims = alice.state.claims.map(claim => claim.txid)
      expect(claims.length).toBeGreaterThan(0)
      const commitment = txid(signedOf(model, 'alice', 2))
      const height = model.chain.transaction(commitment)?.height ?? 0
      // All of it is undone: back to before the commitment.
      reorg(nodes, model.chain.height - height + 1)
      expect(alice.state.facts.transactions).toEqual([])
      expect(alice.state.claims.map(claim => claim.txid)).toEqual(claims)
      expect(alice.published.at(-1)?.role).toBe('commitment')
      mineUntil(nodes, () => nodes.every(settled))
      expect(claims.every(id => (model.chain.transaction(id)?.confirmations ?? 0) > 0)).toBe(true)
    },
  )

  it('another commitment that takes the place of the first one takes its claims away', () => {
    const { model, alice, bob } = pair('anchors_zero_fee_htlc', 'bob')
    const fundingHeight = model.chain.height
    alice.start()
    bob.online = false
    bob.start()
    // First Bob's is mined, then a branch in which Alice's is.
    model.chain.mine(1, { transactions: [signedOf(model, 'bob', 2)] })
    alice.catchUp()
    mine([alice], 2)
    expect(alice.eventsOf('commitment_confirmed').map(({ which }) => which)).toEqual(['remote'])
    const old = alice.state.claims.map(claim => claim.txid)
    expect(old.length).toBeGreaterThan(0)
    const depth = model.chain.height - fundingHeight
    const replaced = model.chain.reorganize({ depth, transactions: [signedOf(model, 'alice', 2)] })
    expect(replaced.ok).toBe(true)
    alice.catchUp()
    expect(alice.eventsOf('commitment_confirmed').map(({ which }) => which)).toEqual(['remote', 'local'])
    expect(alice.state.claims.some(claim => old.includes(claim.txid))).toBe(false)
    const ours = txid(signedOf(model, 'alice', 2))
    const spent = alice.state.claims.flatMap(({ tx }) => tx.inputs.map(input => input.outpoint.txid))
    expect(spent.every(id => id === ours || alice.coins.some(coin => coin.outpoint.txid === id))).toBe(true)
  })

  it('never puts one wallet coin into two live transactions, whatever is undone', () => {
    const { alice, nodes } = pair('anchors_zero_fee_htlc', 'alice')
    for (const node of nodes) node.start()
    for (let round = 0; round < 30; round++) {
      mine(nodes, 3)
      const coins = alice.state.claims.flatMap(({ feeCoins }) => feeCoins.map(coin => outPointKey(coin.outpoint)))
      expect(new Set(coins).size).toBe(coins.length)
      reorg(nodes, 2)
    }
    expect(alice.published.some(({ role }) => role === 'htlc-success')).toBe(true)
  })
})
