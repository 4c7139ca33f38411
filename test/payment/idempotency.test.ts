import { describe, expect, test } from 'vitest'
import { jsonDecode, msat } from '../../src/base/index.ts'
import {
  arrived,
  type CreatedInvoice,
  fresh,
  keysendInput,
  type LookUp,
  NOT_NOW,
  type Node,
  pair,
  payInput,
  theAdd,
  theResolution,
} from './fixture.ts'

// One payment hash is paid once, and one idempotency key stands for one payment: at the same instant, later, and after a start.

const KEY = 'order 4711'

function succeed(alice: Node, { preimage }: Pick<CreatedInvoice, 'preimage'>, id = 0): void {
  alice.step({ type: 'htlc_fulfilled', link: 1, id, paymentPreimage: preimage })
}

function fail(alice: Node, id = 0): void {
  alice.step({ type: 'htlc_failed', link: 1, id, resolution: { type: 'fail', reason: new Uint8Array(292) } })
}

function theLookUp(effects: ReturnType<Node['step']>): LookUp {
  const [effect] = effects
  if (effect?.type !== 'look_up') throw new Error(`expected a look-up, got ${effect?.type}`)
  return effect
}

describe('a payment hash', () => {
  test('that was paid is not paid again, also after a start, and whether or not the invoice has expired', () => {
    const { alice, bob } = pair()
    const created = bob.invoice()
    alice.start(payInput(created.invoice), 0)
    succeed(alice, created)
    alice.restart()
    for (const now of [alice.context.now, created.expiresAt + 1]) {
      const again = payInput(created.invoice)
      alice.at({ now }).ask(again)
      expect(alice.refusalOf(again.request)).toMatchObject({
        code: 'already_paid',
        message: expect.stringContaining('Payment 1 has paid'),
      })
    }
    expect(alice.state.session.locks.size).toBe(0)
  })

  test('whose payment failed is tried anew, under a new number', () => {
    const { alice, bob } = pair()
    const created = bob.invoice()
    alice.start(payInput(created.invoice), 0)
    fail(alice)
    expect(alice.start(payInput(created.invoice), 1).payment).toBe(2)
    expect(jsonDecode(alice.store.get(`payment-hash/${created.paymentHash}`) ?? fresh())).toEqual({
      ok: true,
      value: 2,
    })
    succeed(alice, created, 1)
    const third = payInput(created.invoice)
    alice.ask(third)
    expect(alice.refusalOf(third.request).code).toBe('already_paid')
  })

  test('that is in flight is refused, also after a start', () => {
    const { alice, bob } = pair()
    const created = bob.invoice()
    alice.start(payInput(created.invoice), 0)
    const [second, third] = [payInput(created.invoice), payInput(created.invoice, { idempotencyKey: KEY })]
    alice.step(second)
    alice.restart()
    alice.step(third)
    expect(alice.refusalOf(second.request).code).toBe('in_flight')
    expect(alice.refusalOf(third.request).code).toBe('in_flight')
  })

  test('that is being looked up is refused, and after a refusal it is free', () => {
    const { alice, bob } = pair()
    const { invoice } = bob.invoice()
    const [first, second] = [payInput(invoice), payInput(invoice)]
    const lookUp = theLookUp(alice.step(first))
    alice.step(second)
    expect(alice.refusalOf(second.request).code).toBe('in_flight')
    alice.candidates = []
    alice.step(alice.lookedUp(lookUp))
    expect(alice.refusalOf(first.request).code).toBe('no_channel')
    expect(alice.step(payInput(invoice))).toMatchObject([{ type: 'look_up' }])
  })

  test('that is being offered to a channel is refused', () => {
    const { alice, bob } = pair()
    const { invoice } = bob.invoice()
    alice.ask(payInput(invoice))
    const second = payInput(invoice)
    alice.step(second)
    expect(alice.refusalOf(second.request).code).toBe('in_flight')
  })

  test('that is stored as pending and not in flight is a bug, not a second payment', () => {
    const { alice, bob } = pair()
    const created = bob.invoice()
    alice.start(payInput(created.invoice), 0)
    alice.store.delete('in-flight/0000000000000001')
    alice.restart()
    expect(() => alice.ask(payInput(created.invoice))).toThrow(/stored as pending/)
  })

  test('of a payment that was received may be paid as well', () => {
    const { alice, bob } = pair()
    const preimage = fresh()
    const add = alice.start(keysendInput(bob.id, { preimage }), 0)
    const htlc = arrived(add, 0)
    theResolution(bob.step({ type: 'htlc_received', link: 1, peer: alice.id, htlc, overDustExposure: false }))
    expect(theAdd(bob.ask(keysendInput(alice.id, { preimage }))).payment).toBe(2)
  })
})

describe('an idempotency key', () => {
  test('of a payment that succeeded answers with it, after a start and when the invoice has expired', () => {
    const { alice, bob } = pair()
    const created = bob.invoice()
    const first = payInput(created.invoice, { idempotencyKey: KEY })
    alice.start(first, 0)
    succeed(alice, created)
    alice.restart()
    const again = payInput(created.invoice, { idempotencyKey: KEY })
    alice.at({ now: created.expiresAt + 1 }).ask(again)
    expect(alice.paymentOf(again.request)).toEqual(alice.paymentOf(first.request))
  })

  test('of a payment that failed answers with the failure; another key tries anew', () => {
    const { alice, bob } = pair()
    const { invoice } = bob.invoice()
    alice.start(payInput(invoice, { idempotencyKey: KEY }), 0)
    fail(alice)
    const again = payInput(invoice, { idempotencyKey: KEY })
    alice.ask(again)
    expect(alice.paymentOf(again.request)).toMatchObject({ status: 'failed', number: 1 })
    expect(theAdd(alice.ask(payInput(invoice, { idempotencyKey: 'another' }))).payment).toBe(2)
  })

  test('waits with the payment in flight, also after a start', () => {
    const { alice, bob } = pair()
    const created = bob.invoice()
    const inputs = [0, 1, 2, 3].map(() => payInput(created.invoice, { idempotencyKey: KEY }))
    const [first, second, third, fourth] = inputs as [PayInput, PayInput, PayInput, PayInput]
    const lookUp = theLookUp(alice.step(first))
    // While the store is asked, while the channel is asked, and in flight.
    expect(alice.step(second)).toEqual([])
    alice.step(alice.lookedUp(lookUp))
    expect(alice.step(third)).toEqual([])
    alice.step({ type: 'added', payment: 1, link: 1, id: 0 })
    expect(alice.step(fourth)).toEqual([])
    expect(alice.replies).toEqual([])
    succeed(alice, created)
    const payments = inputs.map(({ request }) => alice.paymentOf(request))
    expect(new Set(payments.map(({ number }) => number))).toEqual(new Set([1]))

    const other = bob.invoice()
    alice.start(payInput(other.invoice, { idempotencyKey: 'second' }), 1)
    alice.restart()
    const late = payInput(other.invoice, { idempotencyKey: 'second' })
    alice.step(late)
    succeed(alice, other, 1)
    expect(alice.paymentOf(late.request)).toMatchObject({ number: 2, status: 'succeeded' })
  })

  test('hears the same refusal when nothing begins', () => {
    const { alice, bob } = pair()
    const { invoice } = bob.invoice()
    const [first, second] = [payInput(invoice, { idempotencyKey: KEY }), payInput(invoice, { idempotencyKey: KEY })]
    const lookUp = theLookUp(alice.step(first))
    alice.step(second)
    alice.step(alice.lookedUp(lookUp))
    alice.step({ type: 'not_added', payment: 1, link: 1, failure: NOT_NOW })
    expect(alice.refusalOf(second.request)).toEqual(alice.refusalOf(first.request))
    // Nothing is stored about it, so that it may be tried again.
    theAdd(alice.ask(payInput(invoice, { idempotencyKey: KEY })))
  })

  test('makes a payment without an invoice repeatable, although each call brings a preimage of its own', () => {
    const { alice, bob } = pair()
    const [first, second] = [
      keysendInput(bob.id, { idempotencyKey: KEY }),
      keysendInput(bob.id, { idempotencyKey: KEY }),
    ]
    alice.start(first, 0)
    alice.step(second)
    succeed(alice, first)
    expect(alice.paymentOf(second.request)).toEqual(alice.paymentOf(first.request))
    const third = keysendInput(bob.id, { idempotencyKey: KEY })
    alice.ask(third)
    expect(alice.paymentOf(third.request).number).toBe(1)
  })

  const others: readonly [string, (node: Node, invoice: string) => Input][] = [
    ['another invoice', node => payInput(node.invoice().invoice, { idempotencyKey: KEY })],
    ['another amount', (_node, invoice) => payInput(invoice, { idempotencyKey: KEY, amountMsat: msat(10_001) })],
    ['another token', (_node, invoice) => payInput(invoice, { idempotencyKey: KEY, token: 't' })],
    ['a payment without an invoice', node => keysendInput(node.id, { idempotencyKey: KEY })],
  ]
  test.each(others)('stands for one thing: with %s it is refused at every stage', (_name, other) => {
    const { alice, bob } = pair()
    const created = bob.invoice()
    const inputs = [0, 1, 2].map(() => other(bob, created.invoice))
    const [whileLookedUp, inFlight, ended] = inputs as [Input, Input, Input]
    const lookUp = theLookUp(alice.step(payInput(created.invoice, { idempotencyKey: KEY })))
    alice.step(whileLookedUp)
    alice.step(alice.lookedUp(lookUp))
    alice.step({ type: 'added', payment: 1, link: 1, id: 0 })
    alice.step(inFlight)
    succeed(alice, created)
    alice.ask(ended)
    const codes = inputs.map(({ request }) => alice.refusalOf(request).code)
    expect(codes).toEqual(['idempotency_conflict', 'idempotency_conflict', 'idempotency_conflict'])
  })

  test('takes the same invoice in upper case and another time limit for the same thing', () => {
    const { alice, bob } = pair()
    const { invoice } = bob.invoice()
    alice.start(payInput(invoice, { idempotencyKey: KEY }), 0)
    alice.step(payInput(invoice.toUpperCase(), { idempotencyKey: KEY, timeoutMs: 5 }))
    expect(alice.replies).toEqual([])
  })

  test('whose payment the store does not have is a bug', () => {
    const { alice, bob } = pair()
    const created = bob.invoice()
    alice.start(payInput(created.invoice, { idempotencyKey: KEY }), 0)
    succeed(alice, created)
    const { store } = alice
    store.delete('payment/0000000000000001')
    expect(() => alice.ask(payInput(created.invoice, { idempotencyKey: KEY }))).toThrow(/no record of payment 1/)
    store.set('payment/0000000000000001', Uint8Array.of(123))
    alice.restart()
    expect(() => alice.ask(payInput(created.invoice, { idempotencyKey: KEY }))).toThrow(/is not JSON/)
  })
})

type PayInput = ReturnType<typeof payInput>
type Input = PayInput | ReturnType<typeof keysendInput>
