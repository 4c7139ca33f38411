import { describe, expect, test } from 'vitest'
import { defined, msat, pmapGet } from '../../src/base/index.ts'
import { DEFAULT_PAYMENT_LIMITS } from '../../src/payment/index.ts'
import { type CreatedInvoice, fresh, HEIGHT, idOf, Node, secretOf, takenWith } from './fixture.ts'
import { arrive, hashOf, readFailure, resolutionsIn, type Sent, sent } from './onions.ts'

// Payments that come in parts (BOLT 4, basic multi-part payments, the final node).

const [ALICE, CAROL] = [
  { link: 1, peer: idOf(secretOf(0xa1)) },
  { link: 2, peer: idOf(secretOf(0xca)) },
]

const bob = () => new Node(secretOf(0xb0))

/** A part of the invoice's amount, 10000 msat. */
function part(node: Node, id: number, invoice: CreatedInvoice, amount: bigint, payload = {}, change = {}): Sent {
  const { paymentHash, paymentSecret } = invoice
  return sent(id, node.id, paymentHash, { amount, totalMsat: msat(10_000), paymentSecret, ...payload }, change)
}

describe('a set of parts', () => {
  test('is taken when it is complete, all of it at once, whatever channels it came over', () => {
    const node = bob()
    const invoice = node.invoice()
    expect(arrive(node, part(node, 7, invoice, 4_000n), ALICE)).toEqual([expect.objectContaining({ type: 'wake' })])
    node.restart()
    expect(arrive(node, part(node, 7, invoice, 5_000n), CAROL)).not.toContainEqual(
      expect.objectContaining({ type: 'resolve_htlc' }),
    )
    expect(node.events).toEqual([])
    const effects = arrive(node, part(node, 8, invoice, 1_000n), ALICE)
    const fulfil = takenWith(invoice.preimage)
    expect(new Set(resolutionsIn(effects).map(({ link, id }) => `${link}/${id}`))).toEqual(
      new Set(['1/7', '1/8', '2/7']),
    )
    expect(resolutionsIn(effects).map(({ resolution }) => resolution)).toEqual([fulfil, fulfil, fulfil])
    expect(node.events).toMatchObject([{ type: 'payment_received', payment: { amountMsat: 10_000n, number: 1 } }])
    expect([...node.store.keys()].filter(key => /^(part|invoice)\//.test(key))).toEqual([])
    expect([node.state.parts.size, node.state.sets.size, node.state.invoices.size]).toEqual([0, 0, 0])
  })

  test('may bring more than it promised, as long as its last part was needed', () => {
    const node = bob()
    const invoice = node.invoice()
    arrive(node, part(node, 1, invoice, 9_000n), ALICE)
    const effects = arrive(node, part(node, 2, invoice, 2_000n), ALICE)
    expect(resolutionsIn(effects)).toHaveLength(2)
    expect(node.events).toMatchObject([{ payment: { amountMsat: 11_000n } }])
  })

  test('is told again after a reconnection, and counted once', () => {
    const node = bob()
    const invoice = node.invoice()
    const first = part(node, 1, invoice, 5_000n)
    arrive(node, first, ALICE)
    expect(arrive(node, first, ALICE)).toEqual([])
    node.restart()
    expect(resolutionsIn(arrive(node, first, ALICE))).toEqual([])
    expect(pmapGet(node.state.sets, invoice.paymentHash)).toMatchObject({ promisedMsat: 5_000n, parts: ['1/1'] })
  })

  test('goes back after 60 seconds, all of it, and the invoice stays open', () => {
    const node = bob()
    const invoice = node.invoice()
    const parts = [part(node, 1, invoice, 4_000n), part(node, 2, invoice, 5_000n)]
    for (const each of parts) arrive(node, each, ALICE)
    const { now } = node.context
    node.at({ now: now + 59_999 })
    expect(resolutionsIn(node.step({ type: 'tick' }))).toEqual([])
    node.at({ now: now + 60_000 })
    const resolutions = resolutionsIn(node.step({ type: 'tick' }))
    expect(resolutions.map(({ resolution }, index) => readFailure(resolution, defined(parts[index], 'each')))).toEqual([
      { type: 'mpp_timeout' },
      { type: 'mpp_timeout' },
    ])
    expect([node.state.parts.size, node.state.invoices.size]).toEqual([0, 1])
    expect(resolutionsIn(arrive(node, part(node, 3, invoice, 10_000n), ALICE))).toHaveLength(1)
    expect(node.events).toHaveLength(1)
  })

  test('goes back after a start as well, also where its time ran out meanwhile', () => {
    const node = bob()
    const invoice = node.invoice()
    const first = part(node, 1, invoice, 4_000n)
    arrive(node, first, ALICE)
    node.restart()
    node.step({ type: 'tick' })
    expect(node.wakes.at(-1)).toBe(node.context.now + 60_000)
    node.restart()
    node.at({ now: node.context.now + 61_000 })
    const [failed] = resolutionsIn(node.step({ type: 'tick' }))
    expect(readFailure(failed?.resolution, first)).toEqual({ type: 'mpp_timeout' })
  })

  test('with two totals goes back as a whole', () => {
    const node = bob()
    const invoice = node.invoice()
    const [first, second] = [
      part(node, 1, invoice, 4_000n),
      part(node, 2, invoice, 4_000n, { totalMsat: msat(12_000) }),
    ]
    arrive(node, first, ALICE)
    const resolutions = resolutionsIn(arrive(node, second, CAROL))
    expect(resolutions.map(({ link, id }) => `${link}/${id}`)).toEqual(['1/1', '2/2'])
    for (const [index, each] of [first, second].entries()) {
      const failure = readFailure(resolutions[index]?.resolution, each)
      expect(failure).toEqual({ type: 'incorrect_or_unknown_payment_details', htlcMsat: 4_000n, height: HEIGHT })
    }
    expect(node.state.parts.size).toBe(0)
  })

  test.each([
    ['another secret', { paymentSecret: secretOf(9) }],
    ['no secret', { paymentSecret: undefined }],
    ['a total that is less than the invoice asks for', { totalMsat: msat(9_999) }],
    ['a total of more than twice as much', { totalMsat: msat(20_001) }],
  ])('is not touched by a part with %s, which goes back alone', (_name, payload) => {
    const node = bob()
    const invoice = node.invoice()
    arrive(node, part(node, 1, invoice, 4_000n), ALICE)
    const strange = part(node, 2, invoice, 4_000n, payload)
    const [refused, ...more] = resolutionsIn(arrive(node, strange, ALICE))
    expect(readFailure(refused?.resolution, strange).type).toBe('incorrect_or_unknown_payment_details')
    expect([refused?.id, more.length, node.state.parts.size]).toEqual([2, 0, 1])
  })

  test('that is taken gets no further part', () => {
    const node = bob()
    const invoice = node.invoice()
    arrive(node, part(node, 1, invoice, 10_000n), ALICE)
    const late = part(node, 2, invoice, 1_000n)
    const [refused] = resolutionsIn(arrive(node, late, ALICE))
    expect(readFailure(refused?.resolution, late).type).toBe('incorrect_or_unknown_payment_details')
  })

  test('goes back before its first expiry, while its channels can still do so in peace', () => {
    const node = bob()
    const invoice = node.invoice()
    const [near, far] = [
      part(node, 1, invoice, 4_000n, {}, { cltvExpiry: HEIGHT + 40 }),
      part(node, 2, invoice, 4_000n),
    ]
    for (const each of [near, far]) arrive(node, each, ALICE)
    const deadline = HEIGHT + 40 - DEFAULT_PAYMENT_LIMITS.heldDeadlineBlocks
    expect(resolutionsIn(node.at({ height: deadline - 1 }).step({ type: 'block' }))).toEqual([])
    expect(resolutionsIn(node.at({ height: deadline }).step({ type: 'block' })).map(({ id }) => id)).toEqual([1, 2])
  })

  test('has a bound, and so have all of them together', () => {
    const limitsOf = (change: object) => ({ limits: { ...DEFAULT_PAYMENT_LIMITS, ...change } })
    for (const change of [{ maxPartsPerPayment: 2 }, { maxPartsHeld: 2 }]) {
      const node = bob().at(limitsOf(change))
      const invoice = node.invoice()
      for (const id of [1, 2]) arrive(node, part(node, id, invoice, 1_000n), ALICE)
      const third = part(node, 3, invoice, 1_000n)
      const [refused] = resolutionsIn(arrive(node, third, ALICE))
      expect(readFailure(refused?.resolution, third)).toEqual({ type: 'temporary_node_failure' })
      // What makes it complete is let in: then all of them go.
      expect(resolutionsIn(arrive(node, part(node, 4, invoice, 8_000n), ALICE))).toHaveLength(3)
    }
  })
})

test('a payment without an invoice comes in one part', () => {
  const node = bob()
  const preimage = fresh()
  const htlc = sent(1, node.id, hashOf(preimage), { keysendPreimage: preimage, totalMsat: msat(20_000) })
  const [refused] = resolutionsIn(arrive(node, htlc, ALICE))
  expect(readFailure(refused?.resolution, htlc).type).toBe('incorrect_or_unknown_payment_details')
})

test('what expires beyond all reason is refused', () => {
  const node = bob()
  const far = part(node, 1, node.invoice(), 10_000n, {}, { cltvExpiry: HEIGHT + 2_017 })
  expect(readFailure(resolutionsIn(arrive(node, far, ALICE))[0]?.resolution, far)).toEqual({ type: 'expiry_too_far' })
})
