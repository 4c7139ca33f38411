import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { feeForWeight, feeratePerKw } from '../../src/base/index.ts'
import { type Tx, txid, txWeight } from '../../src/bitcoin/index.ts'
import { INCREMENTAL_RELAY_PER_KW } from '../../src/onchain/limits.ts'
import { makeModel, signedOf, viewOf } from './fixture.ts'
import { EnforcerNode } from './node.ts'

// A sweep that waits while feerates rise takes its own place at a higher fee, by the rules of BIP 125.

/** Bob's commitment of this number is mined, and Alice claims what is hers there; then the miners take nothing more. */
function waiting(number: 1 | 2, feerate = 1_000) {
  const model = makeModel({ format: 'static_remotekey', htlcs: () => [] })
  const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 2))
  alice.feerate = feerate
  alice.start()
  model.chain.mine(1, { transactions: [signedOf(model, 'bob', number)] })
  alice.catchUp()
  return { model, alice, next: (rate: number) => block(alice, number, rate) }
}

/** An empty block at this feerate, and what Alice wants published then: of a cheater's commitment the penalty alone. */
function block(alice: EnforcerNode, number: 1 | 2, rate: number): readonly Tx[] {
  alice.feerate = rate
  const before = alice.published.length
  alice.model.chain.mine(1, { transactions: [] })
  alice.catchUp()
  const role = number === 1 ? 'penalty' : 'claim'
  return alice.published.slice(before).flatMap(each => (each.role === role ? [each.tx] : []))
}

/** Of a sweep of outputs of the commitment that is on the chain. */
function feeOf(alice: EnforcerNode, tx: Tx): bigint {
  const [spend] = alice.state.facts.transactions
  const held = tx.inputs.reduce((sum, { outpoint }) => sum + (spend?.tx.outputs[outpoint.vout]?.amountSat ?? 0n), 0n)
  return tx.outputs.reduce((rest, { amountSat }) => rest - amountSat, held)
}

/** Half of what a penalty takes, over the square of the blocks until the cheater may: his delay is 8. */
function hasteOf(alice: EnforcerNode, tx: Tx): bigint {
  const [commitment] = alice.state.facts.transactions
  const held = feeOf(alice, tx) + tx.outputs.reduce((sum, { amountSat }) => sum + amountSat, 0n)
  const left = BigInt(Math.max((commitment?.height ?? 0) + 8 - alice.height, 1))
  return held / (2n * left * left)
}

const only = (txs: readonly Tx[]): Tx => {
  const [first] = txs
  if (first === undefined || txs.length > 1) throw new Error(`${txs.length} transactions are published`)
  return first
}

describe('a sweep that waits', () => {
  it.each([
    ['our balance', 2],
    ['a cheater’s whole money', 1],
  ] as const)('of %s is made anew when feerates rise, and the chain takes it in place of the other', (_, number) => {
    const { model, alice, next } = waiting(number)
    const first = only(next(1_000))
    const second = only(next(20_000))
    expect(txid(second)).not.toBe(txid(first))
    expect(second.inputs.map(({ outpoint }) => outpoint)).toEqual(first.inputs.map(({ outpoint }) => outpoint))
    expect(alice.published.find(({ tx }) => tx === second)?.outcome).toBe('accepted')
    const waits = model.chain.mempool().map(({ tx }) => txid(tx))
    expect([waits.includes(txid(second)), waits.includes(txid(first))]).toEqual([true, false])
    expect(feeOf(alice, second)).toBeGreaterThanOrEqual((feeOf(alice, first) * 25n) / 24n)
    // Said again, and after a start too: the same.
    if (number === 2) expect(txid(only(next(2_000)))).toBe(txid(second))
    alice.restart()
    expect(alice.state.claims.map(claim => claim.txid)).toContain(txid(second))
    expect(alice.state.claims.map(claim => claim.txid)).not.toContain(txid(first))
    model.chain.mine(1)
    alice.catchUp()
    expect(model.chain.transaction(txid(second))?.confirmations).toBe(1)
  })

  it('tells who publishes it what it replaces', () => {
    const { alice, next } = waiting(2)
    const first = only(next(1_000))
    alice.feerate = 3_000
    const { effects } = alice.give({ type: 'block' })
    expect(effects.filter(({ type }) => type === 'publish')).toMatchObject([{ replaces: txid(first) }])
    const again = alice.give({ type: 'block' }).effects
    expect(again.filter(effect => effect.type === 'publish' && effect.replaces !== undefined)).toEqual([])
  })

  it('stays where the market does not pay for the replacement, and where it falls', () => {
    const { next } = waiting(2)
    const first = txid(only(next(1_000)))
    for (const rate of [1_000 + INCREMENTAL_RELAY_PER_KW - 10, 500, 253, 1_000])
      expect(txid(only(next(rate)))).toBe(first)
    expect(txid(only(next(1_000 + INCREMENTAL_RELAY_PER_KW + 10)))).not.toBe(first)
  })

  it('keeps its last bid where it would cost more than it brings', () => {
    const { next } = waiting(2)
    const first = txid(only(next(1_000)))
    expect(txid(only(next(10_000_000)))).toBe(first)
  })

  it('never bids less than before nor more than the market and its deadline ask, and the chain takes each bid', () => {
    const rates = fc.array(fc.integer({ min: 253, max: 60_000 }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(rates, fc.constantFrom(1 as const, 2 as const), (history, number) => {
        const { alice, next } = waiting(number, history[0])
        let [highest, last] = [history[0] ?? 253, 0n]
        for (const rate of history) {
          highest = Math.max(highest, rate)
          const tx = only(next(rate))
          const fee = feeOf(alice, tx)
          expect(fee).toBeGreaterThanOrEqual(last)
          // A signature may be a byte shorter than what is paid for.
          const market = feeForWeight(feeratePerKw(highest), txWeight(tx) + 4 * tx.inputs.length)
          expect(fee <= market || (number === 1 && fee <= hasteOf(alice, tx))).toBe(true)
          last = fee
        }
        expect(alice.published.filter(({ outcome }) => outcome !== 'accepted' && outcome !== 'known')).toEqual([])
      }),
      { numRuns: 40 },
    )
  })
})
