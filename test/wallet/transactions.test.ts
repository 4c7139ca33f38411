import { describe, expect, test } from 'vitest'
import { feeratePerKw, sat, type Txid } from '../../src/base/index.ts'
import { addressFromScript, type Tx, txid } from '../../src/bitcoin/index.ts'
import { balanceOf, feeCoins, loadWallet, standingCoins } from '../../src/wallet/index.ts'
import { unconfirmedTransactions } from '../../src/wallet/ownTransactions.ts'
import { Bench, context, FEERATE, foreign, makeTx, outpointOf, payment, STRANGER, toStranger, toUs } from './bench.ts'

const balance = (bench: Bench) => balanceOf(bench.state, bench.context)
const standings = (bench: Bench) => standingCoins(bench.state, bench.context).map(({ standing }) => standing)
const output = toStranger(60_000)
const fund = { type: 'fund', output, feeratePerKw: FEERATE } as const
const address = addressFromScript(STRANGER, 'regtest') ?? ''
const send = { type: 'send', address, amountSat: sat(60_000), feeratePerKw: FEERATE } as const

/** With one coin of 100,000 sat in block 7. */
function funded(own = context): Bench & { coin: Tx } {
  const coin = payment(1, toUs(100_000))
  const bench = new Bench(own)
  bench.block(7, coin)
  return Object.assign(bench, { coin })
}

describe('funding a channel', () => {
  test('gives a signed transaction that is not published, and locks its coins until then', () => {
    const bench = funded()
    const tx = bench.pay(fund)
    expect(tx).toMatchObject({
      version: 2,
      locktime: 7,
      inputs: [{ sequence: 0xffff_fffd, outpoint: outpointOf(bench.coin) }],
    })
    expect(tx.outputs).toContainEqual(output)
    expect(standings(bench)).toEqual([{ type: 'locked', reason: 'funding' }])
    expect(balance(bench)).toMatchObject({
      confirmedSat: 100_000n,
      lockedSat: 100_000n,
      unconfirmedSat: 0n,
      spendableSat: 0n,
    })
    expect(feeCoins(bench.state, bench.context)).toEqual([])
    expect(unconfirmedTransactions(bench.state)).toEqual([])
    expect(bench.take({ type: 'started' })).toEqual([])
    expect(bench.refuse(fund)).toBe('insufficient_funds')

    bench.take({ type: 'published', tx })
    expect(bench.state.transactions.get(txid(tx))?.purpose).toBe('funding')
    expect(standings(bench)).toEqual([{ type: 'leaving', txid: txid(tx) }])
    expect(balance(bench).unconfirmedSat).toBe(bench.state.indexes.changeUsed === 1 ? changeOf(tx) : -1n)
    expect(bench.take({ type: 'started' })).toEqual([{ type: 'publish', tx }])
    bench.block(8, tx)
    expect(balance(bench)).toMatchObject({ confirmedSat: changeOf(tx), unconfirmedSat: 0n, spendableSat: changeOf(tx) })
    expect(bench.take({ type: 'block_disconnected', height: 8 })).toEqual([{ type: 'publish', tx }])
    expect(balance(bench)).toMatchObject({ confirmedSat: 0n, unconfirmedSat: changeOf(tx) })
  })

  test('keeps the reserve of the channel to be', () => {
    const reserve = (sats: number) => ({ ...context, limits: { ...context.limits, reservePerChannelSat: sat(sats) } })
    const rest = Number(changeOf(funded(reserve(0)).pay(fund)))
    expect(funded(reserve(rest)).step(fund).failure).toBeUndefined()
    expect(funded(reserve(rest + 1)).refuse(fund)).toBe('reserve')
    expect(funded(reserve(rest + 1)).step(send).failure).toBeUndefined()
  })

  test('abandoned, its coins are free; confirmed by somebody else, it counts as published', () => {
    const bench = funded()
    const tx = bench.pay(fund)
    bench.take({ type: 'abandoned', txid: txid(tx) })
    expect(standings(bench)).toEqual([{ type: 'free' }])
    expect(bench.pay(fund)).toEqual(tx)
    bench.block(8, tx)
    expect(bench.state.transactions.get(txid(tx))).toMatchObject({ standing: 'published', confirmedHeight: 8 })
    expect(bench.refuse({ type: 'abandoned', txid: txid(tx) })).toBe('already_confirmed')
    expect(bench.refuse({ type: 'abandoned', txid: txid(bench.coin) })).toBe('unknown_transaction')
  })
})

describe('sending', () => {
  test('publishes what it signed, as one of ours', () => {
    const bench = funded()
    const tx = bench.pay(send)
    expect(bench.state.transactions.get(txid(tx))).toMatchObject({ standing: 'published', purpose: 'send' })
    expect(bench.take({ type: 'published', tx })).toEqual([])
  })

  test('all of it leaves nothing but the reserve', () => {
    const whole = funded().pay({ ...send, amountSat: 'all' })
    expect(whole.outputs).toHaveLength(1)
    const kept = funded({ ...context, channels: 2 }).pay({ ...send, amountSat: 'all' })
    expect(kept.outputs.map(({ amountSat }) => amountSat)).toContain(20_000n)
  })

  test('to no address of another network, of nobody, or for dust', () => {
    const bench = funded()
    expect(bench.refuse({ ...send, address: addressFromScript(STRANGER, 'bitcoin') ?? '' })).toBe('address')
    expect(bench.refuse({ ...send, address: 'nobody' })).toBe('address')
    expect(bench.refuse({ ...send, amountSat: sat(293) })).toBe('dust')
    const limits = { ...context.limits, maxFeePartsPerMillion: 1000 }
    expect(funded({ ...context, limits }).refuse({ ...send, feeratePerKw: feeratePerKw(50_000) })).toBe('fee_too_high')
  })

  test('a wallet that has read no block sends nothing', () => {
    expect(new Bench().refuse(send)).toBe('insufficient_funds')
    expect(new Bench().refuse({ ...send, amountSat: 'all' })).toBe('insufficient_funds')
  })
})

describe('what others publish with our coins', () => {
  test('takes them, and pays us before it confirms; what has nothing to do with us changes nothing', () => {
    const bench = funded()
    const claim = makeTx([foreign(5), outpointOf(bench.coin)], [toUs(130_000, 0, 'change')])
    bench.take({ type: 'published', tx: claim })
    expect(balance(bench)).toMatchObject({ confirmedSat: 0n, unconfirmedSat: 130_000n })
    expect(bench.state.transactions.get(txid(claim))?.purpose).toBe('other')
    const before = bench.state
    bench.take({ type: 'published', tx: payment(6, toStranger(1)) })
    expect(bench.state).toBe(before)
    bench.block(8, makeTx([foreign(5)], [toStranger(1)]))
    expect(balance(bench)).toMatchObject({ confirmedSat: 100_000n, unconfirmedSat: 0n, spendableSat: 100_000n })
    expect(bench.take({ type: 'block_disconnected', height: 8 })).toEqual([{ type: 'publish', tx: claim }])
    expect(balance(bench)).toMatchObject({ confirmedSat: 0n, unconfirmedSat: 130_000n })
  })

  test('told after its block, or after the block of what beat it, it stands the same', () => {
    for (const late of [false, true]) {
      const bench = funded()
      const sweep = payment(3, toUs(10_000, 1))
      const ours = makeTx([outpointOf(bench.coin)], [toStranger(1)])
      const theirs = makeTx([outpointOf(bench.coin)], [toStranger(2)])
      const publish = () => [ours, theirs, sweep].map(tx => bench.take({ type: 'published', tx }))
      if (!late) publish()
      bench.block(8, theirs, sweep)
      if (late) publish()
      const conflict = { txid: txid(theirs), height: 8 }
      expect(bench.state.transactions.get(txid(ours))).toMatchObject({ conflict })
      expect(bench.state.transactions.get(txid(theirs))).toMatchObject({ confirmedHeight: 8 })
      expect(bench.state.transactions.get(txid(sweep))).toMatchObject({ confirmedHeight: 8 })
    }
  })

  test('of two that want one coin the first conflict in the chain is remembered', () => {
    const bench = funded()
    const second = payment(2, toUs(50_000, 1))
    bench.block(8, second)
    const ours = makeTx([outpointOf(second), outpointOf(bench.coin)], [toStranger(1)])
    const thieves = [outpointOf(bench.coin), outpointOf(second)].map(outpoint => makeTx([outpoint], [toStranger(2)]))
    for (const [index, thief] of thieves.entries()) bench.block(9 + index, thief)
    bench.take({ type: 'published', tx: ours })
    expect(bench.state.transactions.get(txid(ours))?.conflict?.height).toBe(9)
  })

  test('of two that want one coin only one brings its outputs', () => {
    const bench = funded()
    const [a, b] = [80_000, 70_000].map(amount => makeTx([outpointOf(bench.coin)], [toUs(amount, 1)])) as [Tx, Tx]
    const child = makeTx([outpointOf(a), outpointOf(b)], [toUs(60_000, 2)])
    for (const tx of [a, b]) bench.take({ type: 'published', tx })
    expect([80_000n, 70_000n]).toContain(balance(bench).unconfirmedSat)
    bench.take({ type: 'published', tx: child })
    expect([0n, 80_000n, 70_000n]).toContain(balance(bench).unconfirmedSat)
    const held = funded()
    const tx = held.pay(fund)
    held.take({ type: 'published', tx: makeTx([outpointOf(held.coin)], [toUs(80_000, 1)]) })
    expect(standings(held)[0]?.type).toBe('leaving')
    expect(held.state.transactions.get(txid(tx))?.standing).toBe('held')
  })
})

describe('a transaction that the chain has no inputs for', () => {
  const gone = (tx: Tx) => ({ type: 'inputs_gone', txid: txid(tx) }) as const

  test('is given up with its children where an input is none of the coins that are there', () => {
    const bench = funded()
    const claim = makeTx([outpointOf(bench.coin), foreign(9)], [toUs(90_000, 1)])
    const child = makeTx([outpointOf(claim)], [toStranger(80_000)])
    for (const tx of [claim, child]) bench.take({ type: 'published', tx })
    expect(bench.take(gone(claim))).toEqual(
      [claim, child].map(tx => ({ type: 'event', event: { type: 'transaction_given_up', txid: txid(tx) } })),
    )
    expect(bench.state.transactions.size).toBe(0)
    expect(standings(bench)).toEqual([{ type: 'free' }])
  })

  test('is given up where a block that brought one of its coins is gone', () => {
    const bench = new Bench()
    bench.block(7, payment(1, toUs(100_000)))
    bench.block(8, payment(2, toUs(100_000)))
    const tx = bench.pay({ ...send, amountSat: sat(150_000) })
    expect(bench.refuse(gone(tx))).toBe('not_lost')
    bench.take({ type: 'block_disconnected', height: 8 })
    expect(standings(bench)).toEqual([{ type: 'leaving', txid: txid(tx) }])
    bench.take(gone(tx))
    expect(standings(bench)).toEqual([{ type: 'free' }])
  })

  test('waits for its parent where that is one of ours: its fate is that of the parent', () => {
    const bench = funded()
    const parent = makeTx([outpointOf(bench.coin)], [toStranger(90_000)])
    const child = makeTx([outpointOf(parent)], [toUs(80_000, 1)])
    for (const tx of [parent, child]) bench.take({ type: 'published', tx })
    expect(bench.refuse(gone(child))).toBe('not_lost')
  })

  test('is kept where a block says what became of it, or where it is none of ours', () => {
    const bench = funded()
    const tx = bench.pay(send)
    bench.block(8, makeTx([outpointOf(bench.coin)], [toStranger(1)]))
    expect(bench.refuse(gone(tx))).toBe('not_lost')
    const other = makeTx([foreign(9)], [toUs(90_000, 1)])
    expect(bench.refuse(gone(other))).toBe('unknown_transaction')
    bench.take({ type: 'published', tx: other })
    bench.block(9, other)
    expect(bench.refuse(gone(other))).toBe('already_confirmed')
  })
})

describe('replacing', () => {
  test('puts the new one in the place of the old one and its children', () => {
    const bench = funded()
    const tx = bench.pay(send)
    const child = makeTx([{ txid: txid(tx), vout: changeIndex(tx) }], [toUs(5000, 1)])
    bench.take({ type: 'published', tx: child })
    expect(unconfirmedTransactions(bench.state)).toEqual([tx, child])
    const by = makeTx([outpointOf(bench.coin)], [toUs(90_000, 1, 'change')])
    bench.take({ type: 'replaced', txid: txid(tx), by })
    expect([...bench.state.transactions.keys()]).toEqual([txid(by)])
    expect(bench.state.transactions.get(txid(by))?.purpose).toBe('send')
    expect(balance(bench).unconfirmedSat).toBe(90_000n)
  })

  test('is refused for what is unknown, confirmed, or spends other coins', () => {
    const bench = funded()
    const tx = bench.pay(send)
    const by = makeTx([outpointOf(bench.coin)], [toStranger(1)])
    expect(bench.refuse({ type: 'replaced', txid: 'ab'.repeat(32) as Txid, by })).toBe('unknown_transaction')
    expect(bench.refuse({ type: 'replaced', txid: txid(tx), by: payment(4) })).toBe('not_a_replacement')
    bench.block(8, tx)
    expect(bench.refuse({ type: 'replaced', txid: txid(tx), by })).toBe('already_confirmed')
  })
})

describe('records', () => {
  const load = (change: (records: Map<string, Uint8Array>) => void) => {
    const bench = funded()
    bench.pay(fund)
    bench.take({ type: 'lock', outpoint: outpointOf(bench.coin), reason: 'user' })
    const records = new Map(bench.records)
    change(records)
    return loadWallet(records, context)
  }
  const rename = (folder: string) => (records: Map<string, Uint8Array>) => {
    const [key = '', value] = [...records].find(([name]) => name.startsWith(folder)) ?? []
    records.delete(key)
    if (value !== undefined) records.set(`${folder}/${'00'.repeat(32)}`, value)
  }

  test('of another version, with an unknown key, cut short or under the wrong key do not load', () => {
    expect(load(() => undefined).ok).toBe(true)
    expect(load(records => records.set('version', Uint8Array.of(2)))).toMatchObject({ error: { code: 'invalid' } })
    expect(load(records => records.delete('version'))).toMatchObject({ error: { code: 'invalid' } })
    expect(load(records => records.set('other/1', Uint8Array.of(2)))).toMatchObject({ error: { code: 'invalid' } })
    expect(load(records => records.set('height', Uint8Array.of(2)))).toMatchObject({ error: { code: 'truncated' } })
    for (const folder of ['coin', 'tx', 'lock'])
      expect(load(rename(folder))).toMatchObject({ error: { code: 'invalid' } })
  })

  test('that name addresses which cannot have been used do not load: each would be derived', () => {
    // receiveIssued, receiveUsed, changeUsed, of four bytes each.
    const indexes = (...figures: readonly number[]) => {
      const bytes = Uint8Array.from(figures.flatMap(figure => [24, 16, 8, 0].map(shift => (figure >>> shift) & 0xff)))
      return load(records => records.set('indexes', bytes))
    }
    expect(indexes(3, 2, 1)).toMatchObject({ ok: true })
    const wrong = [
      indexes(2, 3, 1),
      indexes(0xffffffff, 0xffffffff, 1),
      indexes(0xffffffff, 2, 1),
      indexes(3, 2, 0xffffffff),
    ]
    for (const each of wrong) expect(each).toMatchObject({ ok: false, error: { code: 'invalid' } })
  })

  test('a step writes what it changed and no more', () => {
    const bench = new Bench()
    const keysOf = (input: Parameters<Bench['step']>[0]) => bench.step(input).writes.map(({ key }) => key.split('/')[0])
    expect(keysOf({ type: 'started' })).toEqual([])
    expect(keysOf({ type: 'address_requested' })).toEqual(['version', 'indexes'])
    expect(keysOf({ type: 'block_connected', height: 1, transactions: [] })).toEqual(['height'])
    const transactions = [payment(1, toUs(90_000))]
    expect(keysOf({ type: 'block_connected', height: 2, transactions })).toEqual(['height', 'indexes', 'coin'])
    expect(keysOf(fund)).toEqual(['tx'])
    expect(keysOf({ type: 'block_disconnected', height: 2 })).toEqual(['height', 'coin'])
  })
})

function changeIndex(tx: Tx): number {
  return tx.outputs.findIndex(({ amountSat }) => amountSat !== output.amountSat)
}

function changeOf(tx: Tx): bigint {
  return tx.outputs[changeIndex(tx)]?.amountSat ?? 0n
}
