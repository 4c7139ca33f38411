import { describe, expect, test } from 'vitest'
import { feeratePerKw, sat, type Txid } from '../../src/base/index.ts'
import { addressFromScript, p2wshScript, type Tx, txid, txVsize, txWeight } from '../../src/bitcoin/index.ts'
import { createRegtestChain, type RegtestChain } from '../../src/regtest/index.ts'
import { balanceOf, planPayment, signPayment } from '../../src/wallet/index.ts'
import { Bench, context, STRANGER, scriptOf } from './bench.ts'

// The wallet on the embedded chain: real blocks, real scripts, and a mempool that takes what it signs.

function bringUp(): { readonly chain: RegtestChain; readonly bench: Bench } {
  const chain = createRegtestChain()
  const bench = new Bench()
  chain.onBlock(({ type, block }) => {
    bench.take({ type, height: block.height, transactions: block.transactions })
  })
  return { chain, bench }
}

function feeOf(chain: RegtestChain, tx: Tx): bigint {
  const coins = tx.inputs.map(({ outpoint }) => chain.output(outpoint)?.amountSat ?? sat(0))
  return coins.reduce((all, amount) => all + amount, 0n) - tx.outputs.reduce((all, each) => all + each.amountSat, 0n)
}

const balance = (bench: Bench) => balanceOf(bench.state, bench.context)
const channelOutput = { amountSat: sat(150_000), script: p2wshScript(Uint8Array.of(0x51)) }
const address = addressFromScript(STRANGER, 'regtest') ?? ''

describe('on the embedded chain', () => {
  test('coins come in, a funding and payments go out, and the books are those of the chain', () => {
    const { chain, bench } = bringUp()
    for (const [index, amount] of [60_000, 70_000, 80_000].entries()) {
      expect(chain.fund(scriptOf('receive', index), sat(amount)).ok).toBe(true)
    }
    expect(balance(bench).spendableSat).toBe(210_000n)

    const rate = feeratePerKw(500)
    const funding = bench.pay({ type: 'fund', output: channelOutput, feeratePerKw: rate })
    expect(funding.inputs).toHaveLength(3)
    const fee = feeOf(chain, funding)
    // The weight is that of signatures of 71 bytes; a signature is one or a few bytes shorter at times.
    const exact = (BigInt(txWeight(funding)) * 500n + 999n) / 1000n
    expect(fee >= exact && fee <= exact + BigInt(funding.inputs.length)).toBe(true)
    expect(chain.mempool()).toEqual([])
    expect(chain.submit(funding)).toEqual({ ok: true, value: txid(funding) })
    bench.take({ type: 'published', tx: funding })
    chain.mine(1)
    expect(balance(bench).spendableSat).toBe(60_000n - fee)

    const all = bench.pay({ type: 'send', address, amountSat: 'all', feeratePerKw: feeratePerKw(253) })
    expect(feeOf(chain, all) >= BigInt(txVsize(all))).toBe(true)
    expect(chain.submit(all).ok).toBe(true)
    chain.mine(1)
    expect(balance(bench)).toMatchObject({ confirmedSat: 0n, unconfirmedSat: 0n })
    expect(chain.output({ txid: txid(all), vout: 0 })?.amountSat).toBe(60_000n - fee - feeOf(chain, all))
  })

  test('a payment is replaced by one of a higher fee, and the locktime keeps it out of older blocks', () => {
    const { chain, bench } = bringUp()
    chain.fund(scriptOf('receive', 0), sat(500_000))
    const before = bench.state
    const request = { script: STRANGER, amountSat: sat(100_000) }
    const first = bench.pay({ type: 'send', address, amountSat: sat(100_000), feeratePerKw: feeratePerKw(300) })
    expect(first.locktime).toBe(chain.height)
    expect(chain.submit(first).ok).toBe(true)
    const plan = planPayment(before, { ...request, feeratePerKw: feeratePerKw(1000) }, context)
    if (!plan.ok) throw new Error(plan.error.got)
    const second = signPayment(plan.value, context.keys)
    expect(chain.submit(second).ok).toBe(true)
    bench.take({ type: 'replaced', txid: txid(first), by: second })
    const early = chain.generateBlock({
      parent: chain.blockAt(chain.height - 2)?.hash ?? chain.tip.hash,
      transactions: [second],
    })
    expect(early.ok).toBe(false)
    chain.mine(1)
    expect(balance(bench)).toMatchObject({ confirmedSat: 400_000n - feeOf(chain, second), unconfirmedSat: 0n })
  })

  test('a signature by another key, or over another amount, is refused', () => {
    const { chain, bench } = bringUp()
    chain.fund(scriptOf('receive', 0), sat(500_000))
    const plan = planPayment(
      bench.state,
      { script: STRANGER, amountSat: sat(100_000), feeratePerKw: feeratePerKw(500) },
      context,
    )
    if (!plan.ok) throw new Error(plan.error.got)
    const coins = plan.value.coins
    expect(chain.testAccept(signPayment(plan.value, context.keys)).ok).toBe(true)
    const otherPath = coins.map(coin => ({ ...coin, path: { branch: 'change' as const, index: 0 } }))
    const otherAmount = coins.map(coin => ({ ...coin, amountSat: sat(coin.amountSat + 1n) }))
    for (const wrong of [otherPath, otherAmount]) {
      expect(chain.testAccept(signPayment({ ...plan.value, coins: wrong }, context.keys)).ok).toBe(false)
    }
  })

  test('a reorganisation takes the funding back, and it confirms again', () => {
    const { chain, bench } = bringUp()
    chain.fund(scriptOf('receive', 0), sat(500_000))
    chain.mine(3)
    const funding = bench.pay({ type: 'fund', output: channelOutput, feeratePerKw: feeratePerKw(500) })
    expect(chain.submit(funding).ok).toBe(true)
    bench.take({ type: 'published', tx: funding })
    chain.mine(2)
    const confirmed = balance(bench)
    const heightOf = () => bench.state.transactions.get(txid(funding) as Txid)?.confirmedHeight
    const old = heightOf()
    expect(chain.reorganize({ depth: 2 }).ok).toBe(true)
    expect(heightOf()).toBeUndefined()
    expect(balance(bench)).toMatchObject({ confirmedSat: 0n, unconfirmedSat: confirmed.confirmedSat })
    chain.mine(1)
    expect(balance(bench)).toEqual(confirmed)
    // Three blocks stand for the two that held it, and the next one has it.
    expect(heightOf()).toBe((old ?? 0) + 3)
  })
})
