import { describe, expect, it } from 'vitest'
import { type Tx, txid, txWeight } from '../../src/bitcoin/index.ts'
import type { CommitmentFormat } from '../../src/commitment/index.ts'
import { type ModelHtlc, makeModel, signedOf, viewOf } from './fixture.ts'
import { EnforcerNode, feeOf, mine, mineUntil, reorg } from './node.ts'

// A commitment that pays too little is paid for by a child of its anchor, which comes into the mempools in one package with it.

interface Setting {
  readonly format?: CommitmentFormat
  readonly htlcs?: (height: number) => readonly ModelHtlc[]
  readonly coins?: number
  readonly coinSat?: number
  readonly market?: number
  /** Whether the wallet has its coins only later. */
  readonly hides?: boolean
  /** Alice's, in msat. */
  readonly has?: bigint
}

/** Alice leaves; her commitment pays 1,000 sat per 1,000 weight units. */
function leaving({
  format = 'anchors_zero_fee_htlc',
  htlcs,
  coins = 3,
  coinSat = 60_000,
  market = 1_000,
  has,
  hides = false,
}: Setting) {
  const model = makeModel({
    format,
    ...(htlcs !== undefined && { htlcs }),
    ...(has !== undefined && { aliceMsat: () => has }),
  })
  const view = viewOf(model, 'alice', 2, { publish: 'commitment', knows: [1] })
  const alice = new EnforcerNode(model, 'alice', view).fundCoins(coins, coinSat)
  alice.feerate = market
  const hidden = hides ? alice.coins.splice(0) : []
  return { model, alice: alice.start(), commitment: signedOf(model, 'alice', 2), hidden }
}

const children = (alice: EnforcerNode): readonly Tx[] =>
  alice.published.flatMap(({ tx, role }) => (role === 'anchor' ? [tx] : []))
const lastChild = (alice: EnforcerNode): Tx => {
  const child = children(alice).at(-1)
  if (child === undefined) throw new Error('there is no child')
  return child
}
const waits = (alice: EnforcerNode, tx: Tx): boolean =>
  alice.model.chain.mempool().some(entry => txid(entry.tx) === txid(tx))
/** What both pay for each 1,000 weight units of both. */
function packageRate(alice: EnforcerNode, commitment: Tx, child: Tx): number {
  const { chain } = alice.model
  return (1_000 * Number(feeOf(chain, commitment) + feeOf(chain, child))) / (txWeight(commitment) + txWeight(child))
}
const emptyBlock = (alice: EnforcerNode): void => {
  alice.model.chain.mine(1, { transactions: [] })
  alice.catchUp()
}

describe('the child of a commitment', () => {
  it('brings it into mempools that do not take it alone, at the feerate of the day', () => {
    const { model, alice, commitment } = leaving({})
    expect(children(alice)).toEqual([])
    model.chain.reorganize({ depth: 1 })
    const dear = leaving({ market: 6_000 })
    dear.model.chain.setMempoolMinFee(20_000n)
    emptyBlock(dear.alice)
    const child = lastChild(dear.alice)
    expect(waits(dear.alice, child)).toBe(true)
    const rate = packageRate(dear.alice, dear.commitment, child)
    expect(rate).toBeGreaterThanOrEqual(6_000)
    expect(rate).toBeLessThan(6_100)
    expect(waits(alice, commitment)).toBe(true)
    mine([dear.alice], 1)
    expect(dear.model.chain.transaction(txid(child))?.confirmations).toBe(1)
    mineUntil([dear.alice], () => dear.alice.isResolved)
    expect(dear.alice.withdrawn).toEqual([])
  })

  it.each([
    ['pays enough', { market: 1_200 }],
    ['has no anchors', { market: 20_000, format: 'static_remotekey' as const }],
    ['holds less for us than twice what it costs', { market: 20_000, has: 40_000_000n }],
  ])('is not made where the commitment %s', (_, setting) => {
    const { alice } = leaving(setting)
    emptyBlock(alice)
    expect(children(alice)).toEqual([])
  })

  it('is not made where the funding was never deep: what spends it may never confirm', () => {
    const model = makeModel({ format: 'anchors_zero_fee_htlc' })
    const view = { ...viewOf(model, 'alice', 2, { publish: 'commitment' }), isUnfunded: true }
    const alice = new EnforcerNode(model, 'alice', view).fundCoins(2)
    alice.feerate = 6_000
    alice.start()
    expect(alice.published.map(({ role }) => role)).toEqual(['commitment'])
  })

  it('is not made while the channel lives', () => {
    const model = makeModel({ format: 'anchors_zero_fee_htlc' })
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 2)).fundCoins(2)
    alice.feerate = 50_000
    alice.start()
    emptyBlock(alice)
    expect([alice.published, alice.state.claims]).toEqual([[], []])
  })

  it('is raised when feerates rise, in place of the one that is out, and never lowered; a start changes nothing', () => {
    const { alice, commitment } = leaving({ market: 2_000 })
    const first = lastChild(alice)
    alice.feerate = 5_000
    emptyBlock(alice)
    const second = lastChild(alice)
    expect([waits(alice, first), waits(alice, second)]).toEqual([false, true])
    expect(packageRate(alice, commitment, second)).toBeGreaterThanOrEqual(5_000)
    alice.feerate = 700
    emptyBlock(alice)
    alice.restart()
    emptyBlock(alice)
    expect(txid(lastChild(alice))).toBe(txid(second))
    expect(alice.published.filter(({ outcome }) => outcome !== 'accepted' && outcome !== 'known')).toEqual([])
  })

  it('pays more with each block as an HTLC of its commitment nears its deadline, though the market is cheap', () => {
    const htlcs = (height: number): readonly ModelHtlc[] => [
      { offeredBy: 'bob', id: 0, amountSat: 90_000, cltvExpiry: height + 20, preimageSeed: 1, from: 1, until: 9 },
    ]
    const { alice, model } = leaving({ htlcs })
    const expiry = model.htlcs[0]?.cltvExpiry ?? 0
    expect(children(alice)).toEqual([])
    let last = 0n
    while (alice.height < expiry) {
      emptyBlock(alice)
      const child = children(alice).at(-1)
      const fee = child === undefined ? 0n : feeOf(model.chain, child)
      expect(fee).toBeGreaterThanOrEqual(last)
      last = fee
    }
    // A quarter of what is at stake, less what the commitment pays: as much again is for the HTLC transaction.
    const own = feeOf(model.chain, signedOf(model, 'alice', 2))
    expect(last).toBe(22_500n - own)
    expect(alice.published.filter(({ outcome }) => outcome !== 'accepted' && outcome !== 'known')).toEqual([])
  })

  it('without a coin is missed aloud, once, and made when there is one', () => {
    const { alice, hidden } = leaving({ market: 6_000, coins: 1, hides: true })
    emptyBlock(alice)
    emptyBlock(alice)
    expect(alice.eventsOf('anchor_coin_missing').length).toBe(1)
    expect(children(alice)).toEqual([])
    alice.coins.push(...hidden)
    emptyBlock(alice)
    expect(waits(alice, lastChild(alice))).toBe(true)
  })

  it('is withdrawn when the peer’s commitment is in a block instead, so that its coin is free', () => {
    const { model, alice } = leaving({ market: 6_000 })
    const child = lastChild(alice)
    model.chain.mine(1, { transactions: [signedOf(model, 'bob', 2)] })
    alice.catchUp()
    expect(alice.withdrawn).toEqual([txid(child)])
    expect(alice.state.claims.some(({ role }) => role === 'anchor')).toBe(false)
  })

  it('stays with its commitment when that is in a block without it, and through a reorganisation', () => {
    const { model, alice, commitment } = leaving({ market: 6_000 })
    const child = lastChild(alice)
    model.chain.mine(1, { transactions: [commitment] })
    alice.catchUp()
    expect([alice.withdrawn, waits(alice, child)]).toEqual([[], true])
    reorg([alice], 1)
    expect(alice.state.claims.map(claim => claim.txid)).toContain(txid(child))
    mine([alice], 2)
    expect(model.chain.transaction(txid(child))?.confirmations).toBeGreaterThan(0)
    mineUntil([alice], () => alice.isResolved)
    expect(alice.withdrawn).toEqual([])
  })
})
