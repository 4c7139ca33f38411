import { describe, expect, test } from 'vitest'
import { msat } from '../../src/base/index.ts'
import { decodeMessage, shortChannelId } from '../../src/wire/index.ts'
import { Line } from './line.ts'

// Payments of Alice to Carol, through Bob: three engines in a line.

const AMOUNT = 50_000_000n

test('a payment goes through, Bob has his fee, and nothing is left of it', () => {
  const line = new Line()
  const before = line.balances()
  const offered = line.send({ ...line.invoice(AMOUNT), amount: AMOUNT, fee: 6_000n })
  expect(line.answer(offered)).toBe('taken')
  const after = line.balances()
  expect([after.alice - before.alice, after.bob - before.bob, after.carol - before.carol]).toEqual([
    -AMOUNT - 6_000n,
    6_000n,
    AMOUNT,
  ])
  expect(line.bob.eventsOf('payment_forwarded')).toMatchObject([{ amountMsat: AMOUNT, feeMsat: 6_000n }])
  expect(line.carol.eventsOf('payment_received')).toMatchObject([{ payment: { amountMsat: AMOUNT } }])
  expect(line.bob.state.payments.forwards.size).toBe(0)
})

test('a payment that names the channel by its alias goes through, also after a start, and a refusal speaks of the alias', () => {
  const line = new Line()
  const { alias } = line.bob.link(line.downstream)
  if (alias === undefined) throw new Error('a channel has an alias')
  expect(alias).not.toBe(line.scid)
  // Carol has one of her own for the same channel.
  expect(line.carol.link(line.downstream).alias).not.toBe(alias)
  line.stage.restart(line.bob)
  line.rest()
  const pay = (more: object) =>
    line.answer(line.send({ ...line.invoice(AMOUNT), amount: AMOUNT, scid: alias, ...more }))
  expect(pay({})).toBe('taken')
  const failure = pay({ fee: 1n })
  if (typeof failure !== 'object' || failure.type !== 'fee_insufficient') throw new Error('the fee is too low')
  expect(decodeMessage(failure.channelUpdate)).toMatchObject({ ok: true, value: { shortChannelId: alias } })
})

test('a payment finds the channel where a reorganisation has put it', () => {
  const line = new Line()
  const { stage } = line
  const before = line.scid
  // With all blocks that have come since, and the one that has the funding.
  stage.reorg(stage.chain.height - Number(before.split('x')[0]) + 1)
  stage.mine()
  const pay = (scid: typeof before) => line.answer(line.send({ ...line.invoice(AMOUNT), amount: AMOUNT, scid }))
  expect(line.scid).not.toBe(before)
  expect(pay(line.scid)).toBe('taken')
  expect(pay(before)).toEqual({ type: 'unknown_next_peer' })
})

test('in parts, of which none is taken before all are there, and then all of them', () => {
  const line = new Line({ payment: { mppTimeoutMs: 3_600_000 } })
  const second = line.stage.ready(line.alice, line.bob, { capacity: 500_000n })
  const invoice = line.invoice(3n * AMOUNT)
  const part = { ...invoice, amount: AMOUNT, total: 3n * AMOUNT }
  const parts = [line.send(part), line.send({ ...part, from: second })]
  // Each of them goes away in between, and comes back.
  line.stage.restart(line.carol)
  line.rest()
  line.stage.restart(line.bob)
  line.rest()
  expect(parts.map(each => line.answer(each))).toEqual([undefined, undefined])
  expect([line.carol.state.payments.parts.size, line.bob.state.payments.forwards.size]).toEqual([2, 2])
  parts.push(line.send(part))
  expect(parts.map(each => line.answer(each))).toEqual(['taken', 'taken', 'taken'])
  expect(line.carol.eventsOf('payment_received')).toMatchObject([{ payment: { amountMsat: 3n * AMOUNT } }])
  expect(line.bob.eventsOf('payment_forwarded')).toHaveLength(3)
  expect(line.bob.state.payments.forwards.size).toBe(0)
})

describe('what Alice reads', () => {
  const line = new Line()
  const { stage, bob, carol } = line
  const policy = (change: object) => {
    const channelId = line.downstream
    bob.ask(request => ({ type: 'payment', input: { type: 'set_policy', request, channelId, ...change } }))
  }
  const paid = (wish: object) => line.answer(line.send({ ...line.invoice(AMOUNT), amount: AMOUNT, ...wish }))

  test('of Bob', () => {
    const nowhere = shortChannelId({ blockHeight: 1, txIndex: 1, outputIndex: 0 })
    expect(paid({ scid: nowhere })).toEqual({ type: 'unknown_next_peer' })
    policy({ htlcMinimumMsat: msat(AMOUNT + 1n) })
    expect(paid({})).toMatchObject({ type: 'amount_below_minimum', htlcMsat: AMOUNT })
    policy({ htlcMinimumMsat: msat(1n), htlcMaximumMsat: msat(AMOUNT - 1n) })
    expect(paid({})).toMatchObject({ type: 'temporary_channel_failure' })
    policy({ htlcMaximumMsat: msat(10n * AMOUNT) })
    expect(paid({ fee: 5_999n })).toMatchObject({ type: 'fee_insufficient', htlcMsat: AMOUNT + 5_999n })
    expect(paid({ delta: 79 })).toMatchObject({ type: 'incorrect_cltv_expiry' })
    expect(paid({ finalBlocks: 3 })).toMatchObject({ type: 'expiry_too_soon' })
    expect(paid({ finalBlocks: 1_936, delta: 80 })).toBe('taken')
    policy({ disabled: true })
    expect(paid({})).toMatchObject({ type: 'channel_disabled' })
    policy({ disabled: false })
    expect(paid({ amount: 790_000_000n, fee: 100_000n })).toMatchObject({ type: 'temporary_channel_failure' })
  })

  test('of Carol, through Bob', () => {
    expect(paid({ paymentSecret: stage.freshBytes() })).toMatchObject({ type: 'incorrect_or_unknown_payment_details' })
    expect(paid({ final: { amtToForward: msat(AMOUNT + 1n) } })).toMatchObject({ type: 'final_incorrect_htlc_amount' })
    expect(paid({ final: { outgoingCltvValue: stage.chain.height + 46 } })).toMatchObject({
      type: 'final_incorrect_cltv_expiry',
    })
    expect(paid({ finalBlocks: 39 })).toMatchObject({ type: 'incorrect_or_unknown_payment_details' })
    expect(paid({ spoilt: true })).toMatchObject({ type: 'invalid_onion_hmac' })
    const part = line.send({ ...line.invoice(2n * AMOUNT), amount: AMOUNT, total: 2n * AMOUNT })
    stage.wait(60_000)
    expect(line.answer(part)).toEqual({ type: 'mpp_timeout' })
  })

  test('while Carol is away', () => {
    stage.crash(carol)
    stage.settle()
    const { downstream } = line
    expect(bob.link(downstream).state.connection).toBe('disconnected')
    const preimage = stage.freshBytes()
    expect(preimage).toHaveLength(32)
    expect(line.answer(line.send({ hash: line.unknownHash(), amount: AMOUNT }))).toMatchObject({
      type: 'temporary_channel_failure',
    })
    carol.start()
    line.rest()
    expect(paid({})).toBe('taken')
  })

  test('when the channel with Carol is being closed', () => {
    stage.close(bob, line.downstream)
    expect(line.answer(line.send({ hash: line.unknownHash(), amount: AMOUNT }))).toEqual({
      type: 'permanent_channel_failure',
    })
    expect(bob.state.payments.forwards.size).toBe(0)
    expect(line.alice.channelStates()).toEqual(['normal'])
  })
})
