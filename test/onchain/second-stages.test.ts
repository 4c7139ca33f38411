import { describe, expect, it } from 'vitest'
import { outPointKey } from '../../src/base/index.ts'
import { type Tx, txid, txWeight } from '../../src/bitcoin/index.ts'
import { SPLIT_BLOCKS } from '../../src/onchain/limits.ts'
import { type ModelHtlc, makeModel, signedOf, viewOf } from './fixture.ts'
import { EnforcerNode, feeOf, mine, mineUntil } from './node.ts'

// HTLC transactions without a fee of their own: how coins of the wallet pay for them, alone and together, and more as time runs out.

const EXPIRY = 60

/** Alice was offered these, and knows the preimages; her commitment is mined, and the miners take nothing after it. */
function waiting(amounts: readonly number[], { coins = 4, coinSat = 60_000, expiry = EXPIRY } = {}) {
  const model = makeModel({
    format: 'anchors_zero_fee_htlc',
    htlcs: height =>
      amounts.map(
        (amountSat, id): ModelHtlc => ({
          offeredBy: 'bob',
          id,
          amountSat,
          cltvExpiry: height + expiry + id,
          preimageSeed: id,
          from: 1,
          until: 9,
        }),
      ),
  })
  const view = viewOf(model, 'alice', 2, { publish: 'commitment', knows: amounts.map((_, id) => id) })
  const alice = new EnforcerNode(model, 'alice', view).fundCoins(coins, coinSat).start()
  model.chain.mine(1, { transactions: [signedOf(model, 'alice', 2)] })
  alice.catchUp()
  return { model, alice, block: (feerate?: number) => emptyBlock(alice, feerate) }
}

/** What is published in an empty block at this feerate, in order. */
function emptyBlock(alice: EnforcerNode, feerate?: number): readonly Tx[] {
  if (feerate !== undefined) alice.feerate = feerate
  const before = alice.published.length
  alice.model.chain.mine(1, { transactions: [] })
  alice.catchUp()
  return alice.published.slice(before).flatMap(({ tx, role }) => (role === 'htlc-success' ? [tx] : []))
}

const waitsIn = (alice: EnforcerNode): readonly string[] => alice.model.chain.mempool().map(({ tx }) => txid(tx))
const refused = (alice: EnforcerNode): readonly string[] =>
  alice.published.map(({ outcome }) => outcome).filter(outcome => outcome !== 'accepted' && outcome !== 'known')

describe('HTLC transactions without a fee', () => {
  it('share one transaction and one coin while only we can take them, and each HTLC comes to its second stage', () => {
    const { model, alice, block } = waiting([50_000, 40_000, 30_000])
    const [joined, ...others] = block()
    expect([joined?.inputs.length, joined?.outputs.length, others]).toEqual([4, 4, []])
    expect(joined?.outputs.slice(0, 3).map(({ amountSat }) => amountSat)).toEqual([50_000n, 40_000n, 30_000n])
    // One by one they would have cost three coins, and more.
    const single = waiting([50_000])
    const [alone] = single.block()
    if (joined === undefined || alone === undefined) throw new Error('both are published')
    expect(feeOf(model.chain, joined)).toBeLessThan((feeOf(single.model.chain, alone) * 27n) / 10n)
    mineUntil([alice], () => alice.isResolved)
    expect(alice.eventsOf('htlc_claimed').map(({ htlc }) => htlc.id)).toEqual([0, 1, 2])
    expect(refused(alice)).toEqual([])
  })

  it('are claimed one by one where no coin pays for all', () => {
    const { alice, block } = waiting([50_000, 40_000, 30_000], { coins: 2, coinSat: 1_100 })
    expect(block().map(({ inputs }) => inputs.length)).toEqual([2, 2])
    expect(alice.eventsOf('fee_coin_missing').map(({ htlc }) => htlc.id)).toEqual([2])
  })

  it('that wait are paid more for when feerates rise, from the same coin or another, and the chain takes it', () => {
    const { alice, block } = waiting([50_000], { coins: 2, coinSat: 2_000 })
    const [first] = block(1_000)
    const [second] = block(2_500)
    if (first === undefined || second === undefined) throw new Error('both are published')
    expect(waitsIn(alice)).toContain(txid(second))
    expect(waitsIn(alice)).not.toContain(txid(first))
    expect(second.inputs.length).toBe(3)
    expect(feeOf(alice.model.chain, second)).toBeGreaterThanOrEqual((BigInt(txWeight(second)) * 2_490n) / 1_000n)
    // No coin reaches for more: it stays.
    expect(block(60_000).map(txid)).toEqual([txid(second)])
    alice.fundCoins(1, 100_000)
    const [third] = block(8_000)
    expect(third).not.toEqual(second)
    expect(refused(alice)).toEqual([])
    mineUntil([alice], () => alice.isResolved)
    expect(alice.eventsOf('htlc_claimed').length).toBe(1)
  })

  it('pay more with each block as the peer’s time comes, whatever feerates say, and up to half of what they save', () => {
    const { alice, block } = waiting([50_000], { expiry: 12 })
    let last = 0n
    const fees: bigint[] = []
    while (alice.height < (alice.view.localCommit.input.htlcs[0]?.cltvExpiry ?? 0)) {
      const [tx] = block()
      if (tx === undefined) throw new Error('it is published in each block')
      const fee = feeOf(alice.model.chain, tx)
      expect(fee).toBeGreaterThanOrEqual(last)
      fees.push(fee)
      last = fee
    }
    expect(fees[0]).toBeLessThan(1_200n)
    expect(fees.at(-1)).toBe(25_000n)
    expect(refused(alice)).toEqual([])
  })
})

describe('a batch', () => {
  it('is parted before its first deadline, and the part that does so pays for the batch, so that the chain takes every part', () => {
    const expiry = SPLIT_BLOCKS + 8
    const { alice, block } = waiting([50_000, 40_000, 30_000], { expiry })
    const [batch, none] = block()
    expect([batch?.inputs.length, none]).toEqual([4, undefined])
    if (batch === undefined) throw new Error('they are claimed together')
    const paid = feeOf(alice.model.chain, batch)
    let parts: readonly Tx[] = []
    for (let i = 0; i < 8 && parts.length < 2; i++) parts = block()
    const [first] = parts
    if (first === undefined) throw new Error('the batch is parted')
    expect(waitsIn(alice)).not.toContain(txid(batch))
    expect(waitsIn(alice)).toEqual(expect.arrayContaining(parts.map(txid)))
    expect(feeOf(alice.model.chain, first)).toBeGreaterThan(paid)
    for (const later of parts.slice(1)) expect(feeOf(alice.model.chain, later)).toBeLessThan(paid)
    expect(refused(alice)).toEqual([])
    mineUntil([alice], () => alice.isResolved)
    expect(alice.eventsOf('htlc_claimed').length).toBe(3)
  })

  it('of which a block has taken an input is made anew at no lower feerate than before', () => {
    const { model, alice, block } = waiting([50_000, 40_000, 30_000])
    const [batch] = block(9_000)
    if (batch === undefined) throw new Error('they are claimed together')
    const rate = (tx: Tx): number => Number(feeOf(model.chain, tx)) / txWeight(tx)
    // Somebody spends its coin elsewhere.
    const coin = batch.inputs.at(-1)?.outpoint
    if (coin === undefined) throw new Error('a coin pays for it')
    const spend: Tx = {
      version: 2,
      inputs: [{ outpoint: coin, scriptSig: new Uint8Array(0), sequence: 0, witness: [] }],
      outputs: [],
      locktime: 0,
    }
    alice.feerate = 300
    alice.give({ type: 'spent', outpoint: coin, tx: spend, height: alice.height })
    alice.give({ type: 'block' })
    const [anew] = alice.state.claims
    if (anew === undefined) throw new Error('it is made anew')
    expect(anew.feeCoins.map(({ outpoint }) => outPointKey(outpoint))).not.toContain(outPointKey(coin))
    expect(rate(anew.tx)).toBeGreaterThanOrEqual(rate(batch) * 0.99)
  })

  it('goes on as it is where no part is worth paying for it', () => {
    const { alice, block } = waiting([900, 880, 860], { expiry: SPLIT_BLOCKS + 8 })
    const [batch] = block(700)
    if (batch === undefined) throw new Error('they are claimed together')
    for (let i = 0; i < 8; i++) block()
    const second = alice.state.claims.filter(({ role }) => role === 'htlc-success')
    expect(second.map(({ tx }) => tx.inputs.length)).toEqual([4])
    mine([alice], 1)
    expect(alice.confirmed().some(tx => tx.inputs.length === 4)).toBe(true)
  })
})
