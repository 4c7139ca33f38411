import { expect, test } from 'vitest'
import { msat, type NodeId } from '../../src/base/index.ts'
import type { PaymentProgress } from '../../src/engine/index.ts'
import { openPair } from './openPair.ts'

// What a program hears of a payment while it is tried, and the ways that it would take.

test('whoever pays hears what is tried before the payment has ended', async () => {
  const { alice, bob } = await openPair()
  const { invoice, paymentHash } = await bob.createInvoice({ amountMsat: msat(5_000_000n) })
  const heard: PaymentProgress[] = []
  const payment = await alice.pay({ invoice, onProgress: word => heard.push(word) })
  expect(payment.status).toBe('succeeded')
  expect(heard).toMatchObject([
    {
      type: 'trying',
      paymentHash,
      parts: [{ amountMsat: 5_000_000n, feeMsat: 0n, hops: [{ nodeId: bob.nodeId, amountMsat: 5_000_000n }] }],
    },
  ])
})

test('the ways of a payment are told, and nothing is sent', async () => {
  const { alice, bob, channelId } = await openPair()
  const before = await alice.channel({ channelId })
  const { invoice } = await bob.createInvoice({ amountMsat: msat(5_000_000n) })
  const byInvoice = await alice.routes({ invoice })
  expect(byInvoice).toMatchObject([{ amountMsat: 5_000_000n, hops: [{ nodeId: bob.nodeId }] }])
  expect(await alice.routes({ nodeId: bob.nodeId, amountMsat: msat(1n), maxFeeMsat: msat(0n) })).toHaveLength(1)
  const nobody = `02${'79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'}` as NodeId
  await expect(alice.routes({ nodeId: nobody, amountMsat: msat(1n) })).rejects.toMatchObject({
    code: 'payment_failed',
    facts: { reason: 'no_channel' },
  })
  expect(await alice.channel({ channelId })).toEqual(before)
  expect(await alice.payments()).toEqual([])
})
