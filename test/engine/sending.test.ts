import { describe, expect, test } from 'vitest'
import { msat } from '../../src/base/index.ts'
import { type Edge, Ways } from './ways.ts'

// Payments of Alice over engines that know nothing of each other but their channels: what everybody has in the end, and when it is said.

const AMOUNT = 50_000_000n
const FEE = 1_000n + AMOUNT / 10_000n

const LINE: readonly Edge[] = [{ between: ['alice', 'bob'] }, { between: ['bob', 'carol'] }]
/** Two ways to Dave, each with less than 900,000 sat. */
const TWO_WAYS: readonly Edge[] = [
  { between: ['alice', 'bob'] },
  { between: ['alice', 'carol'] },
  { between: ['bob', 'dave'] },
  { between: ['carol', 'dave'] },
]
const PARTED = 1_200_000_000n
const ANY_FEE = { maxFeeMsat: msat(1_000_000n), wantsProgress: true }

/** Nothing is in flight with anybody. */
function expectRest({ sides }: Ways): void {
  for (const side of sides) {
    const { inFlight, byHtlc, byHash, forwards, parts, session } = side.state.payments
    const sizes = [inFlight, byHtlc, byHash, forwards, parts, session.attempts, session.trials].map(({ size }) => size)
    expect(sizes, side.name).toEqual([0, 0, 0, 0, 0, 0, 0])
    expect(side.channels().every(({ durable }) => durable.htlcs.length === 0)).toBe(true)
  }
}

test('a payment over two channels pays everybody on the way', () => {
  const ways = new Ways(['alice', 'bob', 'carol'], LINE)
  const before = ways.balances()
  const { invoice, preimage } = ways.invoice('carol', AMOUNT)
  const request = ways.pay(invoice, { wantsProgress: true })
  ways.stage.settle()
  expect(ways.payer.replyTo(request)).toMatchObject({
    type: 'payment',
    payment: { status: 'succeeded', amountMsat: AMOUNT, feeMsat: FEE },
  })
  expect(preimage).toHaveLength(32)
  expect(ways.gains(before)).toEqual({ alice: -AMOUNT - FEE, bob: FEE, carol: AMOUNT })
  expect(ways.progress).toMatchObject([
    { type: 'trying', parts: [{ feeMsat: FEE, hops: [{ nodeId: ways.side('bob').id }, { amountMsat: AMOUNT }] }] },
  ])
  expectRest(ways)
})

test('and over four', () => {
  const names = ['alice', 'bob', 'carol', 'dave', 'erin']
  const ways = new Ways(
    names,
    names.slice(1).map((name, at) => ({ between: [names[at] ?? '', name] as const })),
  )
  const before = ways.balances()
  const request = ways.pay(ways.invoice('erin', AMOUNT).invoice)
  ways.stage.settle()
  const reply = ways.payer.replyTo(request)
  const fee = reply?.type === 'payment' ? reply.payment.feeMsat : 0n
  const { alice, erin, ...between } = ways.gains(before)
  expect([alice, erin]).toEqual([-AMOUNT - fee, AMOUNT])
  expect(Object.values(between).reduce((sum, gain) => sum + gain, 0n)).toBe(fee)
  expectRest(ways)
})

describe('a payment in parts', () => {
  test('is one for its payee, who takes all of it at once', () => {
    const ways = new Ways(['alice', 'bob', 'carol', 'dave'], TWO_WAYS)
    const before = ways.balances()
    const request = ways.pay(ways.invoice('dave', PARTED).invoice, ANY_FEE)
    ways.stage.settle()
    const reply = ways.payer.replyTo(request)
    if (reply?.type !== 'payment') throw new Error(JSON.stringify(reply))
    expect(reply.payment).toMatchObject({ status: 'succeeded', amountMsat: PARTED })
    const { alice, dave } = ways.gains(before)
    expect([alice, dave]).toEqual([-PARTED - reply.payment.feeMsat, PARTED])
    expect(ways.side('dave').eventsOf('payment_received')).toHaveLength(1)
    expect(ways.payer.eventsOf('payment_sent')).toHaveLength(1)
    expectRest(ways)
  })

  test('of which one is refused on the way goes on over another channel', () => {
    // Bob has given most of his channel with Dave away.
    const edges: readonly Edge[] = [
      { between: ['alice', 'bob'] },
      { between: ['alice', 'carol'] },
      { between: ['bob', 'dave'], push: 900_000n },
      { between: ['carol', 'dave'] },
      { between: ['bob', 'carol'] },
    ]
    const ways = new Ways(['alice', 'bob', 'carol', 'dave'], edges)
    const before = ways.balances()
    const request = ways.pay(ways.invoice('dave', 700_000_000n).invoice, { ...ANY_FEE, maxFeeMsat: msat(9_000_000n) })
    ways.stage.settle()
    expect(ways.payer.replyTo(request)).toMatchObject({ type: 'payment', payment: { status: 'succeeded' } })
    expect(ways.gains(before).dave).toBe(700_000_000n)
    expect(ways.side('dave').eventsOf('payment_received')).toHaveLength(1)
    expectRest(ways)
  })

  test('for which there is not enough anywhere has failed when all of it is back, and costs nothing', () => {
    const edges = TWO_WAYS.map(edge => (edge.between[0] === 'bob' ? { ...edge, push: 900_000n } : edge))
    const ways = new Ways(['alice', 'bob', 'carol', 'dave'], edges)
    const before = ways.balances()
    const request = ways.pay(ways.invoice('dave', PARTED).invoice, ANY_FEE)
    ways.stage.settle()
    // What has come to Dave waits there for the rest.
    expect(ways.progress.map(({ type }) => type)).toContain('part_failed')
    expect(ways.payer.replyTo(request)).toBeUndefined()
    expect(ways.payer.state.payments.inFlight.size).toBe(1)
    ways.rest()
    expect(ways.payer.replyTo(request)).toMatchObject({
      type: 'payment',
      payment: { status: 'failed', feeMsat: 0n },
    })
    expect(Object.values(ways.gains(before)).every(gain => gain === 0n)).toBe(true)
    expectRest(ways)
  })

  test('that is held by its payee is not over with the time of the payer, and is paid when it is taken', () => {
    const ways = new Ways(['alice', 'bob', 'carol', 'dave'], TWO_WAYS)
    const { invoice, preimage } = ways.invoice('dave', PARTED, { hold: true })
    const request = ways.pay(invoice, ANY_FEE)
    ways.stage.settle()
    ways.rest()
    expect(ways.payer.replyTo(request)).toBeUndefined()
    const second = ways.pay(invoice)
    ways.stage.settle()
    expect(ways.payer.replyTo(second)).toMatchObject({ type: 'refused', failure: { code: 'in_flight' } })
    ways.settleInvoice('dave', preimage)
    expect(ways.payer.replyTo(request)).toMatchObject({ type: 'payment', payment: { status: 'succeeded' } })
    expectRest(ways)
  })

  test('of which one is taken on the chain', () => {
    const ways = new Ways(['alice', 'bob', 'carol', 'dave'], TWO_WAYS)
    const { stage, payer } = ways
    const { invoice, preimage } = ways.invoice('dave', PARTED, { hold: true })
    const request = ways.pay(invoice, ANY_FEE)
    stage.settle()
    stage.close(payer, ways.channel('alice-bob'), true)
    stage.mine()
    // Alice hears of the preimage over Carol, and of Bob's claim on the chain.
    stage.crash(ways.side('carol'))
    ways.settleInvoice('dave', preimage)
    expect(payer.replyTo(request)).toBeUndefined()
    stage.mine(8)
    expect(payer.replyTo(request)).toMatchObject({
      type: 'payment',
      payment: { status: 'succeeded', amountMsat: PARTED },
    })
    // The part over Carol is not forgotten.
    expect(payer.state.payments.inFlight.size).toBe(1)
    ways.side('carol').start()
    ways.rest()
    expect(payer.state.payments.inFlight.size).toBe(0)
    expect(payer.eventsOf('payment_sent')).toHaveLength(1)
  })
})
