import { describe, expect, test } from 'vitest'
import { msat, type PaymentHash, toHex } from '../../src/base/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import { loadPayments, type PaymentInput } from '../../src/payment/index.ts'
import { arrived, fresh, keysendInput, type Node, pair, payInput } from './fixture.ts'

// HTLCs that the chain has paid us for although nobody here decided to take them.

const AMOUNT = msat(7_000)

function claimed(peer: Node, preimage: Uint8Array, id = 3): Extract<PaymentInput, { type: 'htlc_claimed' }> {
  const paymentHash = toHex(sha256(preimage)) as PaymentHash
  return { type: 'htlc_claimed', link: 1, peer: peer.id, htlc: { id, amountMsat: AMOUNT, paymentHash }, preimage }
}

test('each of them is a payment, once, and no invoice has it', () => {
  const { alice, bob } = pair()
  const { paymentHash, preimage, invoice } = bob.invoice()
  expect(bob.step(claimed(alice, preimage))).toHaveLength(1)
  const payment = { direction: 'received', status: 'succeeded', amountMsat: AMOUNT, paymentHash, peer: alice.id }
  expect(bob.events).toMatchObject([{ type: 'payment_received', payment: { ...payment, preimage: toHex(preimage) } }])
  expect(bob.events[0]?.payment.invoice).toBeUndefined()
  expect(bob.store.has(`received-hash/${paymentHash}`)).toBe(false)
  // Said again: in the same process, and in the next one.
  expect(bob.step(claimed(alice, preimage))).toEqual([])
  bob.restart()
  bob.step(claimed(alice, preimage))
  expect(bob.events).toHaveLength(1)
  // What the invoice asks for may still be paid, and another HTLC with the hash is another payment.
  const wanted = alice.start(payInput(invoice), 0)
  bob.step({ type: 'htlc_received', link: 1, peer: alice.id, htlc: arrived(wanted, 0), overDustExposure: false })
  expect(bob.step(claimed(alice, preimage, 4))).toHaveLength(1)
  expect(bob.events.map(({ payment: each }) => [each.number, each.amountMsat, each.invoice])).toEqual([
    [1, AMOUNT, undefined],
    [2, wanted.amountMsat, invoice],
    [3, AMOUNT, undefined],
  ])
})

describe('what waits here', () => {
  test('is counted when it is taken, and not before', () => {
    const { alice, bob } = pair()
    const preimage = fresh()
    const [paymentHash, paymentSecret] = [toHex(sha256(preimage)) as PaymentHash, fresh()]
    const given = { description: '', expirySeconds: 3600, amountMsat: msat(10_000) }
    bob.step({ type: 'create_hold_invoice', request: 9_001, paymentHash, paymentSecret, ...given })
    const reply = bob.replyTo(9_001)
    if (reply.type !== 'invoice') throw new Error(reply.type)
    const wanted = alice.start(payInput(reply.invoice), 3)
    bob.step({ type: 'htlc_received', link: 1, peer: alice.id, htlc: arrived(wanted, 3), overDustExposure: false })
    expect(bob.step(claimed(alice, preimage))).toEqual([])
    expect(bob.state.parts.size).toBe(1)
    bob.step({ type: 'settle_invoice', request: 9_002, preimage })
    expect(bob.events).toHaveLength(1)
  })
})

test('a preimage of another hash is a bug of ours', () => {
  const { alice, bob } = pair()
  const input = claimed(alice, fresh())
  expect(() => bob.step({ ...input, preimage: keysendInput(alice.id).preimage })).toThrow(/fits the hash/)
})

test('a record that names no payment is damaged', () => {
  for (const value of ['0', '"1"', '1.5', 'null'])
    expect(loadPayments(new Map([['claimed/1/3', new TextEncoder().encode(value)]])).ok).toBe(false)
})
