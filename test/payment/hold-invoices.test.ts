import { describe, expect, test } from 'vitest'
import { jsonEncode, msat, type PaymentHash } from '../../src/base/index.ts'
import { decodeInvoice } from '../../src/invoice/index.ts'
import { DEFAULT_PAYMENT_LIMITS, type PaymentInput } from '../../src/payment/index.ts'
import { fresh, HEIGHT, idOf, Node, nextRequest, secretOf, takenWith } from './fixture.ts'
import { arrive, hashOf, readFailure, resolutionsIn, type Sent, sent } from './onions.ts'

// Invoices whose preimage our user has: what is paid is held until they take it, or give it back, or its time runs out.

const ALICE = { link: 1, peer: idOf(secretOf(0xa1)) }
const CLTV = HEIGHT + 200
const bob = () => new Node(secretOf(0xb0))

type Create = Extract<PaymentInput, { type: 'create_hold_invoice' }>

function asked(node: Node, hash: PaymentHash, change: Partial<Create> = {}) {
  const input: Create = {
    type: 'create_hold_invoice',
    request: nextRequest(),
    paymentHash: hash,
    amountMsat: msat(10_000),
    description: 'held',
    expirySeconds: 3600,
    paymentSecret: secretOf(5),
    ...change,
  }
  node.step(input)
  return node.replyTo(input.request)
}

function part(node: Node, id: number, hash: PaymentHash, amount = 10_000n): Sent {
  const payload = { amount, totalMsat: msat(10_000), paymentSecret: secretOf(5) }
  return sent(id, node.id, hash, payload, { cltvExpiry: CLTV })
}

const settle = (preimage: Uint8Array) => ({ type: 'settle_invoice', request: nextRequest(), preimage }) as const
const cancel = (hash: PaymentHash) => ({ type: 'cancel_invoice', request: nextRequest(), paymentHash: hash }) as const

/** A node that holds a payment in two parts. */
function holding() {
  const node = bob()
  const preimage = fresh()
  const hash = hashOf(preimage)
  asked(node, hash)
  const parts = [part(node, 1, hash, 4_000n), part(node, 2, hash, 6_000n)]
  for (const each of parts) arrive(node, each, ALICE)
  return { node, preimage, hash, parts }
}

describe('a hold invoice', () => {
  test('asks for time to decide, and its payer cannot tell it from others', () => {
    const reply = asked(bob(), hashOf(fresh()))
    if (reply.type !== 'invoice') throw new Error(reply.type)
    const decoded = decodeInvoice(reply.invoice)
    expect(decoded).toMatchObject({ ok: true, value: { minFinalCltvExpiryDelta: 144, amountMsat: 10_000n } })
    expect(decoded.ok && [...decoded.value.features]).toEqual([32, 0, 2, 65, 0])
  })

  test.each([[24], [2_017], [1.5]])('cannot ask for %s blocks', minFinalCltvExpiryDelta => {
    expect(asked(bob(), hashOf(fresh()), { minFinalCltvExpiryDelta })).toMatchObject({
      type: 'refused',
      failure: { code: 'invalid_invoice' },
    })
  })

  test('has a hash that no other open invoice has', () => {
    const node = bob()
    const { paymentHash } = node.invoice()
    expect(asked(node, paymentHash)).toMatchObject({ type: 'refused', failure: { code: 'invalid_invoice' } })
  })
})

describe('what is paid for it', () => {
  test('is held, which is told once, with the height at which that ends', () => {
    const { node, hash, parts } = holding()
    expect(node.holds).toMatchObject([
      { type: 'payment_held', paymentHash: hash, amountMsat: 10_000n, cancelledAtHeight: CLTV - 24 },
    ])
    expect(node.events).toEqual([])
    node.restart()
    for (const each of parts) expect(resolutionsIn(arrive(node, each, ALICE))).toEqual([])
    expect(node.holds).toHaveLength(1)
  })

  test('does not go back for want of parts, nor with the expiry of the invoice', () => {
    const { node } = holding()
    node.at({ now: node.context.now + 10 * 24 * 3_600_000 })
    expect(resolutionsIn(node.step({ type: 'tick' }))).toEqual([])
    expect(node.state.invoices.size).toBe(1)
  })

  test.each([[false], [true]])('is taken with the preimage, all parts at once; after a restart: %s', restarted => {
    const { node, preimage } = holding()
    if (restarted) node.restart()
    const input = settle(preimage)
    const resolutions = resolutionsIn(node.step(input))
    expect(resolutions.map(({ id, resolution }) => [id, resolution])).toEqual([
      [1, takenWith(preimage)],
      [2, takenWith(preimage)],
    ])
    expect(node.paymentOf(input.request)).toMatchObject({ direction: 'received', amountMsat: 10_000n })
    expect(node.events).toMatchObject([{ type: 'payment_received', payment: { description: 'held' } }])
    expect([...node.store.keys()].filter(key => /^(part|invoice)\//.test(key))).toEqual([])
    const again = settle(preimage)
    expect(node.step(again)).toHaveLength(1)
    expect(node.refusalOf(again.request).code).toBe('unknown_invoice')
  })

  test('goes back when our user says so', () => {
    const { node, hash, parts } = holding()
    const input = cancel(hash)
    const resolutions = resolutionsIn(node.step(input))
    for (const [index, each] of parts.entries()) {
      const failure = readFailure(resolutions[index]?.resolution, each)
      expect(failure.type).toBe('incorrect_or_unknown_payment_details')
    }
    expect(node.replyTo(input.request)).toEqual({ type: 'done' })
    expect(node.holds.at(-1)).toEqual({
      type: 'hold_cancelled',
      paymentHash: hash,
      amountMsat: 10_000n,
      cause: 'asked',
    })
    expect([node.state.parts.size, node.state.invoices.size]).toEqual([0, 0])
    const again = cancel(hash)
    node.step(again)
    expect(node.refusalOf(again.request).code).toBe('unknown_invoice')
  })

  test('goes back by itself before its expiry, and can then not be taken any more', () => {
    const { node, hash, preimage } = holding()
    node.restart()
    const deadline = CLTV - DEFAULT_PAYMENT_LIMITS.heldDeadlineBlocks
    expect(resolutionsIn(node.at({ height: deadline - 1 }).step({ type: 'block' }))).toEqual([])
    expect(resolutionsIn(node.at({ height: deadline }).step({ type: 'block' }))).toHaveLength(2)
    expect(node.holds.at(-1)).toMatchObject({ type: 'hold_cancelled', paymentHash: hash, cause: 'deadline' })
    const late = settle(preimage)
    node.step(late)
    expect(node.refusalOf(late.request).code).toBe('unknown_invoice')
  })

  test('gets no further part', () => {
    const { node, hash } = holding()
    const late = part(node, 3, hash, 1_000n)
    const [refused] = resolutionsIn(arrive(node, late, ALICE))
    expect(readFailure(refused?.resolution, late).type).toBe('incorrect_or_unknown_payment_details')
    expect(node.state.parts.size).toBe(2)
  })
})

describe('taking', () => {
  test('waits until all of it is there', () => {
    const node = bob()
    const preimage = fresh()
    asked(node, hashOf(preimage))
    arrive(node, part(node, 1, hashOf(preimage), 4_000n), ALICE)
    const input = settle(preimage)
    node.step(input)
    expect(node.refusalOf(input.request).code).toBe('not_held')
    const { now } = node.context
    const [failed] = resolutionsIn(node.at({ now: now + 60_000 }).step({ type: 'tick' }))
    expect(failed?.resolution.type).toBe('fail')
  })

  test('is refused while nobody can tell the height', () => {
    const { node, preimage } = holding()
    const input = settle(preimage)
    expect(resolutionsIn(node.at({ tipIsOld: true }).step(input))).toEqual([])
    expect(node.refusalOf(input.request).code).toBe('chain_is_old')
  })

  test('takes 32 bytes, as messages do: a preimage that is longer reveals nothing', () => {
    const node = bob()
    const preimage = new Uint8Array(33)
    const hash = hashOf(preimage)
    asked(node, hash)
    arrive(node, part(node, 1, hash), ALICE)
    const input = settle(preimage)
    expect(resolutionsIn(node.step(input))).toEqual([])
    expect(node.refusalOf(input.request).code).toBe('unknown_invoice')
  })
})

test('an open invoice of any kind can be cancelled, and a part of it goes back', () => {
  const node = bob()
  const { paymentHash, paymentSecret } = node.invoice()
  const first = sent(1, node.id, paymentHash, { amount: 4_000n, totalMsat: msat(10_000), paymentSecret })
  arrive(node, first, ALICE)
  const effects = node.step(cancel(paymentHash))
  expect(resolutionsIn(effects)).toHaveLength(1)
  expect(node.holds).toEqual([])
  expect([node.state.invoices.size, node.state.parts.size]).toEqual([0, 0])
})

test('a part whose record is damaged is not loaded', () => {
  const node = bob()
  node.store.set('part/1/1', jsonEncode({ link: 1, id: 2 }))
  expect(() => node.restart()).toThrow(/part\/1\/1/)
})
