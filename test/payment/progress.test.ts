import { describe, expect, test } from 'vitest'
import { msat, pmapGet } from '../../src/base/index.ts'
import type { PaymentEffect } from '../../src/payment/index.ts'
import { NOT_NOW, type Node, pair, payInput, theAdd } from './fixture.ts'
import { failedBy, journey, of, payer } from './network.ts'
import { AMOUNT, BOTH, fulfil, invoiceOf, TWO_WAYS } from './ways.ts'

// Who hears of a payment while it is tried: whoever asked for it, until it has ended.

const heard = (effects: readonly PaymentEffect[]) =>
  effects.flatMap(effect => (effect.type === 'progress' ? [[effect.request, effect.progress.type]] : []))

describe('progress', () => {
  test('is heard by those who want to, also by who asks for the same later, and by nobody else', () => {
    const alice = payer(BOTH, TWO_WAYS)
    const keyed = (change: object) => payInput(invoiceOf(), { idempotencyKey: 'once', ...change })
    const [first, quiet, joined, later] = [
      keyed({ wantsProgress: true }),
      keyed({}),
      keyed({ wantsProgress: true }),
      keyed({ wantsProgress: true }),
    ]
    const [lookUp] = alice.step(first)
    if (lookUp?.type !== 'look_up') throw new Error('it is looked up')
    alice.step(quiet)
    alice.step(joined)
    theAdd(alice.step(alice.lookedUp(lookUp)))
    expect(heard(alice.step({ type: 'added', payment: 1, link: 1, id: 0 }))).toEqual([
      [first.request, 'trying'],
      [joined.request, 'trying'],
    ])
    alice.step(later)
    const add = pmapGet(alice.state.inFlight, '1'.padStart(16, '0'))?.parts[0]
    expect(add?.hops.map(({ nodeId }) => nodeId)).toEqual([of('bob'), of('dave')])
    fulfil(alice, 1, 0)
    expect([alice.state.session.watching.size, alice.state.session.listeners.size]).toEqual([0, 0])
    for (const { request } of [first, quiet, joined, later]) expect(alice.paymentOf(request).status).toBe('succeeded')
  })

  test('of one that is refused is nothing, and nobody is remembered', () => {
    const alice = payer(BOTH, [])
    const input = payInput(invoiceOf(), { wantsProgress: true })
    const effects = alice.ask(input)
    expect(alice.refusalOf(input.request).code).toBe('no_channel')
    expect(heard(effects)).toEqual([])
    expect(alice.state.session.watching.size).toBe(0)
  })

  test('says of a payment straight to a peer which channel it takes, and what its payee says', () => {
    const { alice, bob } = pair()
    const input = payInput(bob.invoice().invoice, { wantsProgress: true })
    const add = theAdd(alice.ask(input))
    const [said] = alice.step({ type: 'added', payment: 1, link: add.link, id: 0 })
    expect(said).toMatchObject({
      progress: {
        parts: [{ feeMsat: 0n, hops: [{ nodeId: bob.id, shortChannelId: alice.candidates[0]?.shortChannelId }] }],
      },
    })
    const failed = { type: 'fail', reason: new Uint8Array(292) } as const
    const effects = alice.step({ type: 'htlc_failed', link: 1, id: 0, resolution: failed })
    expect(effects[0]).toMatchObject({
      type: 'progress',
      progress: { message: expect.stringMatching(/nobody on its way/) },
    })
    expect(effects[0]).not.toHaveProperty('progress.hop')
  })

  test('names the channel that has taken it, where the best one did not', () => {
    const alice = payer([...BOTH, ['bob', 450_000_000n]], TWO_WAYS)
    const input = payInput(invoiceOf(), { wantsProgress: true })
    const add = theAdd(alice.ask(input))
    const instead = theAdd(alice.step({ type: 'not_added', payment: 1, link: add.link, failure: NOT_NOW }))
    const taken = alice.step({ type: 'added', payment: 1, link: instead.link, id: 0 })
    const via = alice.candidates.find(({ link }) => link === instead.link)
    expect(taken).toMatchObject([{ progress: { parts: [{ hops: [{ shortChannelId: via?.shortChannelId }, {}] }] } }])
  })

  test('is told with each try, to the end', () => {
    const alice = payer(BOTH, TWO_WAYS)
    const input = payInput(invoiceOf(), { wantsProgress: true })
    const add = alice.start(input, 0)
    const resolution = failedBy(journey(add, 'bob'), 0, { type: 'permanent_channel_failure' })
    const effects = alice.step({ type: 'htlc_failed', link: 1, id: 0, resolution })
    const tried = [
      ...heard(effects),
      ...heard(alice.step({ type: 'added', payment: 1, link: theAdd(effects).link, id: 0 })),
    ]
    expect(tried).toEqual([
      [input.request, 'part_failed'],
      [input.request, 'trying'],
    ])
  })
})

describe('a token', () => {
  const token = (alice: Node, change: object) =>
    alice.step({
      type: 'create_token',
      request: 800_000,
      id: 'boss',
      name: 'boss',
      scopes: ['admin'],
      secretHash: '',
      ...change,
    })

  test('that may do everything pays any fee that its user allows', () => {
    const alice = payer(BOTH, TWO_WAYS)
    token(alice, {})
    alice.start(payInput(invoiceOf(), { token: 'boss' }), 0)
    fulfil(alice, 1, 0)
    expect(pmapGet(alice.state.tokens, 'boss')?.spentMsat).toBe(AMOUNT + 11_000n)
  })

  test('that is revoked meanwhile pays for no dearer way', () => {
    const alice = payer(BOTH, TWO_WAYS)
    token(alice, { scopes: ['spend'], budgetMsat: msat(2n * AMOUNT) })
    const add = alice.start(payInput(invoiceOf(), { token: 'boss' }), 0)
    alice.step({ type: 'revoke_token', request: 800_001, id: 'boss' })
    const resolution = failedBy(journey(add, 'bob'), 0, { type: 'permanent_channel_failure' })
    alice.step({ type: 'htlc_failed', link: 1, id: 0, resolution })
    expect(alice.events).toMatchObject([
      { payment: { failure: { message: expect.stringMatching(/a fee of at most 11000 msat/) } } },
    ])
  })
})
