import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { msat, paymentHash } from '../../src/base/index.ts'
import { BOBS_MSAT, openPair, until } from './openPair.ts'

// Hold invoices, the list of invoices, payments by kind and policies, through the verbs of a node.

function secret() {
  const preimage = randomBytes(32)
  return { preimage: preimage.toString('hex'), hash: paymentHash(createHash('sha256').update(preimage).digest()) }
}

describe('a hold invoice', () => {
  test('is held until it is settled, and to settle twice is no error', async () => {
    const { alice, bob } = await openPair()
    const { preimage, hash } = secret()
    const made = await bob.createInvoice({ paymentHash: hash, amountMsat: msat(5_000_000n), description: 'held' })
    expect(made.paymentHash).toBe(hash)
    expect(await bob.invoice({ paymentHash: hash })).toMatchObject({ status: 'open', hold: true, htlcs: 0 })
    await expect(bob.settleInvoice({ preimage })).rejects.toMatchObject({
      code: 'conflict',
      facts: { reason: 'not_held' },
    })
    const paying = alice.pay({ invoice: made.invoice })
    await until(async () => (await bob.invoice({ paymentHash: hash })).status === 'held')
    const held = await bob.invoice({ paymentHash: hash })
    expect(held).toMatchObject({ receivedMsat: 5_000_000n, htlcs: 1, cancelledAtHeight: expect.any(Number) })
    expect(await bob.invoices({ held: true })).toEqual([held])
    const received = await bob.settleInvoice({ preimage })
    expect(received).toMatchObject({ direction: 'received', status: 'succeeded', amountMsat: 5_000_000n, preimage })
    expect(await paying).toMatchObject({ preimage, status: 'succeeded' })
    expect(await bob.settleInvoice({ preimage })).toEqual(received)
    await expect(bob.invoice({ paymentHash: hash })).rejects.toMatchObject({ code: 'not_found' })
  })

  test('gives back what is held when it is cancelled', async () => {
    const { alice, bob, channelId } = await openPair()
    const { preimage, hash } = secret()
    const { invoice } = await bob.createInvoice({ paymentHash: hash, amountMsat: msat(5_000_000n) })
    const paying = alice.pay({ invoice })
    paying.catch(() => undefined)
    await until(async () => (await bob.invoice({ paymentHash: hash })).status === 'held')
    await bob.cancelInvoice({ paymentHash: hash })
    await expect(paying).rejects.toMatchObject({ code: 'payment_failed' })
    expect(await bob.invoices()).toEqual([])
    await expect(bob.settleInvoice({ preimage })).rejects.toMatchObject({ code: 'not_found' })
    await expect(bob.cancelInvoice({ paymentHash: hash })).rejects.toMatchObject({ code: 'not_found' })
    await until(async () => (await bob.channel({ channelId })).htlcs === 0)
    expect((await bob.channel({ channelId })).localMsat).toBe(BOBS_MSAT)
  })

  test('has time that is asked for, and an ordinary one has not', async () => {
    const { alice, bob } = await openPair()
    const { hash } = secret()
    const { invoice } = await bob.createInvoice({ paymentHash: hash, minFinalCltvExpiryDelta: 300 })
    expect((await alice.decodeInvoice({ invoice })).minFinalCltvExpiryDelta).toBe(300)
    await expect(bob.createInvoice({ minFinalCltvExpiryDelta: 300 })).rejects.toMatchObject({ code: 'bad_request' })
    await expect(bob.createInvoice({ paymentHash: hash })).rejects.toMatchObject({ code: 'bad_request' })
    const tooMuch = bob.createInvoice({ paymentHash: secret().hash, minFinalCltvExpiryDelta: 60_000 })
    await expect(tooMuch).rejects.toMatchObject({ code: 'bad_request' })
  })

  test.each(['', 'ab', 'zz'.repeat(32), 'AB'.repeat(33)])('is not settled by %j', async preimage => {
    const { bob } = await openPair()
    await expect(bob.settleInvoice({ preimage })).rejects.toMatchObject({ code: 'bad_request' })
  })
})

test('invoices: the one that expires last comes first, page by page; none is lost or seen twice', async () => {
  const { bob } = await openPair()
  const made: string[] = []
  for (const expirySeconds of [100, 300, 200, 300]) made.push((await bob.createInvoice({ expirySeconds })).paymentHash)
  const all = await bob.invoices()
  expect(all.map(({ expiresAt }) => Math.round((expiresAt - (all[3]?.expiresAt ?? 0)) / 100_000))).toEqual([2, 2, 1, 0])
  expect(all.map(invoice => invoice.paymentHash).sort()).toEqual([...made].sort())
  const first = await bob.invoices({ limit: 3 })
  const last = await bob.invoices({ limit: 3, after: paymentHash(Buffer.from(first[2]?.paymentHash ?? '', 'hex')) })
  expect([...first, ...last]).toEqual(all)
  await expect(bob.invoices({ after: secret().hash })).rejects.toMatchObject({ code: 'not_found' })
})

test('payments: by direction and status, whatever stands between them', async () => {
  const { alice, bob } = await openPair()
  const numbersOf = async (request: Parameters<typeof alice.payments>[0]) =>
    (await alice.payments(request)).map(({ number }) => number)
  const { invoice } = await bob.createInvoice({ amountMsat: msat(1_000_000n) })
  await alice.pay({ invoice })
  await bob.pay({ invoice: (await alice.createInvoice({ amountMsat: msat(2_000n) })).invoice })
  const { hash } = secret()
  const hold = await bob.createInvoice({ paymentHash: hash, amountMsat: msat(3_000n) })
  const failing = alice.pay({ invoice: hold.invoice })
  failing.catch(() => undefined)
  await until(async () => (await bob.invoice({ paymentHash: hash })).status === 'held')
  expect(await numbersOf({ status: 'pending' })).toEqual([3])
  await bob.cancelInvoice({ paymentHash: hash })
  await expect(failing).rejects.toMatchObject({ code: 'payment_failed' })
  expect(await numbersOf({})).toEqual([3, 2, 1])
  expect(await numbersOf({ direction: 'sent' })).toEqual([3, 1])
  expect(await numbersOf({ direction: 'received' })).toEqual([2])
  expect(await numbersOf({ status: 'failed' })).toEqual([3])
  expect(await numbersOf({ direction: 'sent', status: 'succeeded' })).toEqual([1])
  expect(await numbersOf({ direction: 'sent', limit: 1 })).toEqual([3])
  expect(await numbersOf({ direction: 'sent', before: 3 })).toEqual([1])
})

test('policies: the defaults, what was changed, and what is refused', async () => {
  const { alice, bob, channelId } = await openPair()
  const [policy, ...others] = await alice.policies()
  expect(others).toEqual([])
  expect(policy).toMatchObject({
    channelId,
    peer: bob.nodeId,
    feeBaseMsat: 1000n,
    disabled: false,
    updatedAt: undefined,
  })
  const changed = await alice.setPolicy({ channelId, feeBaseMsat: msat(0n), feeProportionalMillionths: 7 })
  expect(changed).toEqual({
    ...policy,
    feeBaseMsat: 0n,
    feeProportionalMillionths: 7,
    updatedAt: expect.any(Number),
  })
  expect(await alice.policies()).toEqual([changed])
  await expect(alice.setPolicy({ channelId, cltvExpiryDelta: 1 })).rejects.toMatchObject({
    code: 'bad_request',
    facts: { reason: 'invalid_policy' },
  })
  const unknown = paymentHash(randomBytes(32)) as unknown as typeof channelId
  await expect(alice.setPolicy({ channelId: unknown, disabled: true })).rejects.toMatchObject({ code: 'not_found' })
  expect(await alice.policies()).toEqual([changed])
})
