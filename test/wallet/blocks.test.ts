import { describe, expect, test } from 'vitest'
import { sat } from '../../src/base/index.ts'
import { addressFromScript, txid } from '../../src/bitcoin/index.ts'
import {
  balanceOf,
  deriveAddressKey,
  feeCoins,
  freshChangeScript,
  reserveSat,
  standingCoins,
} from '../../src/wallet/index.ts'
import { unconfirmedTransactions } from '../../src/wallet/ownTransactions.ts'
import {
  Bench,
  coinbase,
  context,
  FEERATE,
  foreign,
  GAP,
  makeTx,
  outpointOf,
  payment,
  scriptOf,
  toStranger,
  toUs,
} from './bench.ts'

const balance = (bench: Bench) => balanceOf(bench.state, bench.context)
const standings = (bench: Bench) => standingCoins(bench.state, bench.context).map(({ standing }) => standing.type)

describe('what blocks bring and take', () => {
  test('an output to us is a coin, one to others is not', () => {
    const bench = new Bench()
    const tx = payment(1, toStranger(7000), toUs(5000))
    expect(bench.block(10, payment(2, toStranger(1)), tx)).toEqual([
      {
        type: 'event',
        event: { type: 'coin_received', outpoint: outpointOf(tx, 1), amountSat: sat(5000), height: 10 },
      },
    ])
    expect(balance(bench)).toMatchObject({ confirmedSat: 5000n, spendableSat: 5000n, unconfirmedSat: 0n })
    expect(bench.block(11)).toEqual([])
  })

  test('a spend takes the coin, also in the same block, and its block gone it is back', () => {
    const bench = new Bench()
    const tx = payment(1, toUs(5000), toUs(6000, 1))
    bench.block(1, tx, makeTx([outpointOf(tx)], [toStranger(4000)]))
    expect(balance(bench).confirmedSat).toBe(6000n)
    bench.block(2, makeTx([outpointOf(tx, 1)], [toStranger(4000)]))
    expect(balance(bench).confirmedSat).toBe(0n)
    bench.take({ type: 'block_disconnected', height: 2 })
    expect(balance(bench).confirmedSat).toBe(6000n)
    bench.take({ type: 'block_disconnected', height: 1 })
    expect(balance(bench).confirmedSat).toBe(0n)
    expect(bench.state).toMatchObject({ height: 0, coins: new Map() })
  })

  test('blocks come in order: a missed one is told, one that was read before stands in place of those above', () => {
    const bench = new Bench()
    bench.block(5, payment(1, toUs(5000)))
    expect(bench.refuse({ type: 'block_connected', height: 7, transactions: [] })).toBe('missed_blocks')
    bench.block(6, payment(2, toUs(6000)))
    bench.block(5, payment(3, toUs(7000)))
    expect(bench.state.height).toBe(5)
    expect(balance(bench).confirmedSat).toBe(7000n)
    bench.take({ type: 'block_disconnected', height: 6 })
    expect(bench.state.height).toBe(5)
    const fresh = new Bench()
    fresh.take({ type: 'block_disconnected', height: 6 })
    expect(fresh.state.height).toBeUndefined()
    fresh.block(0)
    fresh.take({ type: 'block_disconnected', height: 0 })
    expect(fresh.state.height).toBe(0)
  })

  test('the output of a coinbase can be spent in the hundredth block after it, no earlier', () => {
    const bench = new Bench()
    const height = 200
    bench.block(height, coinbase(height, toUs(50_000)))
    // The empty blocks between, taken as read.
    bench.state = { ...bench.state, height: height + 98 }
    bench.records.set('height', Uint8Array.of(0, 0, (height + 98) >> 8, (height + 98) & 0xff))
    expect(standings(bench)).toEqual(['immature'])
    expect(balance(bench)).toMatchObject({ confirmedSat: 0n, immatureSat: 50_000n, spendableSat: 0n })
    const output = toStranger(20_000)
    const address = addressFromScript(scriptOf('receive', 1), 'regtest') ?? ''
    const all = { type: 'send', address, amountSat: 'all', feeratePerKw: FEERATE } as const
    for (const payment of [{ type: 'fund', output, feeratePerKw: FEERATE } as const, all])
      expect(bench.refuse(payment)).toBe('insufficient_funds')
    expect(feeCoins(bench.state, bench.context)).toEqual([])
    bench.block(height + 99)
    expect(standings(bench)).toEqual(['free'])
    expect(balance(bench)).toMatchObject({ confirmedSat: 50_000n, immatureSat: 0n, spendableSat: 50_000n })
    expect(bench.pay({ type: 'fund', output, feeratePerKw: FEERATE }).inputs).toHaveLength(1)
  })

  test('what is final is forgotten: spent coins with their locks, our transactions, those they beat and their children', () => {
    const bench = new Bench({ ...context, limits: { ...context.limits, finalDepth: 3 } })
    const [a, b] = [payment(1, toUs(90_000)), payment(2, toUs(80_000, 1))]
    bench.block(1, a, b)
    const ours = makeTx([outpointOf(a)], [toUs(70_000, 2)])
    const beaten = makeTx([outpointOf(b)], [toUs(60_000, 0, 'change')])
    const child = makeTx([outpointOf(beaten)], [toStranger(50_000)])
    for (const tx of [ours, beaten, child]) bench.take({ type: 'published', tx })
    bench.take({ type: 'lock', outpoint: outpointOf(b), reason: 'user' })
    expect(unconfirmedTransactions(bench.state)).toHaveLength(3)
    const theft = makeTx([outpointOf(b)], [toStranger(1000)])
    const told = bench.block(2, ours, theft).flatMap(effect => (effect.type === 'event' ? [effect.event] : []))
    expect(told).toContainEqual({ type: 'transaction_confirmed', txid: txid(ours), height: 2 })
    expect(told).toContainEqual({ type: 'transaction_conflicted', txid: txid(beaten), by: txid(theft), height: 2 })
    expect(unconfirmedTransactions(bench.state)).toEqual([])
    bench.block(3)
    bench.block(4)
    expect([bench.state.coins.size, bench.state.transactions.size, bench.state.locks.size]).toEqual([3, 3, 1])
    bench.block(5)
    expect([bench.state.coins.size, bench.state.transactions.size, bench.state.locks.size]).toEqual([1, 0, 0])
  })
})

describe('addresses', () => {
  test('each one is new until the gap is out, then the last one is given again; a used one makes room', () => {
    const bench = new Bench()
    const next = () => {
      const [effect] = bench.take({ type: 'address_requested' })
      return effect?.type === 'address' ? [effect.path.index, effect.address.slice(0, 6)] : []
    }
    expect([next(), next(), next(), next()].map(([index]) => index)).toEqual([0, 1, 2, 2])
    bench.block(1, payment(1, toUs(5000, 1)))
    expect([next(), next(), next()]).toEqual([
      [3, 'bcrt1q'],
      [4, 'bcrt1q'],
      [4, 'bcrt1q'],
    ])
  })

  test('a coin within the gap is found, one beyond is not, and a block may widen its own view', () => {
    const bench = new Bench()
    bench.block(1, payment(1, toUs(5000, GAP)))
    expect(balance(bench).confirmedSat).toBe(0n)
    bench.block(2, payment(2, toUs(1, GAP + 1), toUs(2, GAP - 1), toUs(4, 2 * GAP + 1)))
    expect(balance(bench).confirmedSat).toBe(7n)
    expect(bench.state.indexes).toEqual({ receiveIssued: 2 * GAP + 2, receiveUsed: 2 * GAP + 2, changeUsed: 0 })
  })

  test('no change script is used twice, unless the whole gap is held back', () => {
    const bench = new Bench()
    bench.block(1, ...Array.from({ length: 5 }, (_, n) => payment(n + 1, toUs(50_000 + n))))
    const output = toStranger(20_000)
    const changes = Array.from({ length: 4 }, () => {
      const tx = bench.pay({ type: 'fund', output, feeratePerKw: FEERATE })
      const change = tx.outputs.find(({ amountSat }) => amountSat !== output.amountSat)
      return [0, 1, 2, 3].findIndex(index => change?.script.join() === scriptOf('change', index).join())
    })
    expect(changes).toEqual([0, 1, 2, 0])
    bench.block(2, payment(9, toUs(1000, 1, 'change')))
    expect(freshChangeScript(bench.state, bench.context)).toEqual(scriptOf('change', 3))
  })
})

describe('balances and reserves', () => {
  test('coins for fees come with their keys, the largest first, no more than asked for, and no locked one', () => {
    const bench = new Bench({ ...context, limits: { ...context.limits, maxFeeCoins: 2 }, channels: 1 })
    const tx = payment(1, toUs(5000), toUs(9000, 1), toUs(7000, 2), toUs(7000, 2))
    bench.block(1, tx)
    const amounts = () => feeCoins(bench.state, bench.context).map(coin => Number(coin.amountSat))
    expect(amounts()).toEqual([9000, 7000])
    const [coin] = feeCoins(bench.state, bench.context)
    expect(coin).toMatchObject({
      outpoint: outpointOf(tx, 1),
      publicKey: deriveAddressKey(context.keys, { branch: 'receive', index: 1 }).publicKey,
    })
    bench.take({ type: 'lock', outpoint: outpointOf(tx, 1), reason: 'channel' })
    expect(amounts()).toEqual([7000, 7000])
    expect(balance(bench)).toEqual({
      confirmedSat: 28_000n,
      lockedSat: 9000n,
      immatureSat: 0n,
      unconfirmedSat: 0n,
      reserveSat: 10_000n,
      spendableSat: 9000n,
    })
    bench.take({ type: 'unlock', outpoint: outpointOf(tx, 1) })
    expect(amounts()).toEqual([9000, 7000])
    expect(bench.refuse({ type: 'unlock', outpoint: outpointOf(tx, 1) })).toBe('unknown_coin')
    expect(bench.refuse({ type: 'lock', outpoint: foreign(1), reason: 'user' })).toBe('unknown_coin')
  })

  test('the reserve grows with the channels up to its bound, and may be more than there is', () => {
    expect([0, 1, 10, 11].map(n => reserveSat(n, context.limits))).toEqual([0n, 10_000n, 100_000n, 100_000n])
    const bench = new Bench({ ...context, channels: 3 })
    bench.block(1, payment(1, toUs(25_000)))
    expect(balance(bench)).toMatchObject({ reserveSat: 30_000n, spendableSat: 0n })
  })
})
