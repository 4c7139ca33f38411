import { describe, expect, test } from 'vitest'
import { msat, pmapGet } from '../../src/base/index.ts'
import { DEFAULT_PAYMENT_LIMITS, type PaymentInput } from '../../src/payment/index.ts'
import { keysendInput, NOT_NOW, Node, nextRequest, pair, START, secretOf, theAdd } from './fixture.ts'

// Tokens with budgets: no more leaves than they allow, over payments at once, failures and starts.

type CreateToken = Extract<PaymentInput, { type: 'create_token' }>

function create(node: Node, change: Partial<CreateToken> = {}): CreateToken {
  const input: CreateToken = {
    type: 'create_token',
    request: nextRequest(),
    id: 'shop',
    name: 'Café',
    scopes: ['spend'],
    secretHash: 'ab'.repeat(32),
    budgetMsat: msat(12_000),
    ...change,
  }
  node.step(input)
  return input
}

const spent = (node: Node, id = 'shop'): bigint | undefined => pmapGet(node.state.tokens, id)?.spentMsat

function code(node: Node, request: number): string {
  const reply = node.replyTo(request)
  return reply.type === 'refused' ? reply.failure.code : reply.type
}

const charge = (amount: number, token = 'shop') =>
  ({ type: 'charge', request: nextRequest(), token, amountMsat: msat(amount) }) as const

function charged(node: Node, amount: number, token?: string): string {
  const input = charge(amount, token)
  node.step(input)
  return code(node, input.request)
}

describe('a token', () => {
  test('is made, told and kept, without its secret', () => {
    const node = new Node(secretOf(1))
    const { request } = create(node)
    expect(node.replyTo(request)).toEqual({
      type: 'token',
      token: {
        id: 'shop',
        name: 'Café',
        scopes: ['spend'],
        secretHash: 'ab'.repeat(32),
        budgetMsat: 12_000n,
        spentMsat: 0n,
        createdAt: START,
      },
    })
    expect([...node.store.keys()]).toEqual(['token/shop'])
  })

  test('too many are refused; one that is revoked makes place', () => {
    const node = new Node(secretOf(1), { limits: { ...DEFAULT_PAYMENT_LIMITS, maxTokens: 1 } })
    create(node)
    const { request } = create(node, { id: 'second' })
    expect(node.replyTo(request)).toEqual({ type: 'too_many_tokens', limit: 1 })
    const revoke = { type: 'revoke_token', request: nextRequest(), id: 'shop' } as const
    node.step(revoke)
    expect(code(node, revoke.request)).toBe('done')
    expect(node.store.size).toBe(0)
    expect(code(node, create(node, { id: 'second' }).request)).toBe('token')
  })

  test('that is not there is refused by its name', () => {
    const { alice, bob } = pair()
    const revoke = { type: 'revoke_token', request: nextRequest(), id: 'nobody' } as const
    const pay = keysendInput(bob.id, { token: 'nobody' })
    alice.step(revoke)
    alice.ask(pay)
    expect(code(alice, revoke.request)).toBe('unknown_token')
    expect(alice.refusalOf(pay.request).code).toBe('unknown_token')
    expect(charged(alice, 1, 'nobody')).toBe('unknown_token')
    expect(alice.step({ type: 'refund', token: 'nobody', amountMsat: msat(1) })).toEqual([])
  })
})

describe('a budget', () => {
  test('is spent to the last millisatoshi and no further, and what is left is said', () => {
    const node = new Node(secretOf(1))
    create(node)
    expect(charged(node, 11_999)).toBe('done')
    const input = charge(2)
    node.step(input)
    expect(node.refusalOf(input.request)).toMatchObject({
      code: 'budget_exceeded',
      message: expect.stringMatching(/^1 msat are left/),
    })
    expect(charged(node, 1)).toBe('done')
    expect(charged(node, 1)).toBe('budget_exceeded')
    expect(spent(node)).toBe(12_000n)
  })

  test('stays spent where nobody can say whether the payment was made', () => {
    const { alice, bob } = pair()
    create(alice)
    const input = keysendInput(bob.id, { token: 'shop' })
    alice.start(input, 0)
    alice.step({ type: 'htlc_unknown', link: 1, id: 0, cause: 'untold' })
    expect(alice.paymentOf(input.request).failure?.code).toBe('outcome_unknown')
    expect(spent(alice)).toBe(5_000n)
  })

  test('comes back when the money stays, and never more than was spent', () => {
    const node = new Node(secretOf(1))
    create(node)
    charged(node, 5_000)
    node.step({ type: 'refund', token: 'shop', amountMsat: msat(2_000) })
    expect(spent(node)).toBe(3_000n)
    node.step({ type: 'refund', token: 'shop', amountMsat: msat(9_000) })
    expect(spent(node)).toBe(0n)
  })

  test('is without a bound for admin alone', () => {
    const node = new Node(secretOf(1))
    create(node, { id: 'root', scopes: ['admin'], budgetMsat: undefined as never })
    create(node, { id: 'reader', scopes: ['read'], budgetMsat: undefined as never })
    expect(charged(node, 1_000_000_000, 'root')).toBe('done')
    expect(spent(node, 'root')).toBe(1_000_000_000n)
    expect(charged(node, 1, 'reader')).toBe('budget_exceeded')
  })

  test('is taken with the first record of a payment, and kept when it succeeds', () => {
    const { alice, bob } = pair()
    create(alice)
    const input = keysendInput(bob.id, { token: 'shop' })
    alice.start(input, 0)
    alice.restart()
    expect(spent(alice)).toBe(5_000n)
    alice.step({ type: 'htlc_fulfilled', link: 1, id: 0, paymentPreimage: input.preimage })
    expect(spent(alice)).toBe(5_000n)
  })

  test('of two payments at once is not taken twice', () => {
    const { alice, bob } = pair()
    create(alice, { budgetMsat: msat(9_999) })
    theAdd(alice.ask(keysendInput(bob.id, { token: 'shop' })))
    const second = keysendInput(bob.id, { token: 'shop' })
    alice.ask(second)
    expect(alice.refusalOf(second.request).code).toBe('budget_exceeded')
  })

  test('comes back when a payment fails, times out, or finds no channel', () => {
    const { alice, bob } = pair()
    create(alice)
    alice.start(keysendInput(bob.id, { token: 'shop' }), 0)
    alice.step({ type: 'htlc_failed', link: 1, id: 0, resolution: { type: 'fail', reason: new Uint8Array(292) } })
    expect(spent(alice)).toBe(0n)
    alice.start(keysendInput(bob.id, { token: 'shop' }), 1)
    alice.step({ type: 'htlc_dropped', link: 1, id: 1 })
    expect(spent(alice)).toBe(5_000n)
    alice.at({ now: START + 60_000 }).step({ type: 'tick' })
    expect(spent(alice)).toBe(0n)
    const { payment } = theAdd(alice.ask(keysendInput(bob.id, { token: 'shop' })))
    expect(spent(alice)).toBe(5_000n)
    alice.step({ type: 'not_added', payment, link: 1, failure: NOT_NOW })
    expect(spent(alice)).toBe(0n)
  })

  test('of a token that was revoked in the meantime is not brought back with it', () => {
    const { alice, bob } = pair()
    create(alice)
    alice.start(keysendInput(bob.id, { token: 'shop' }), 0)
    alice.step({ type: 'revoke_token', request: nextRequest(), id: 'shop' })
    alice.step({ type: 'htlc_timed_out', link: 1, id: 0, cause: 'output_taken_back' })
    expect([...alice.store.keys()].filter(key => key.startsWith('token/'))).toEqual([])
  })
})
