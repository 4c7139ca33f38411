import { describe, expect, test } from 'vitest'
import { MAX_MONEY_MSAT, type Msat, msat } from '../../src/base/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import { decodeInvoice } from '../../src/invoice/index.ts'
import { DEFAULT_PAYMENT_LIMITS, type PaymentContext, type PaymentInput } from '../../src/payment/index.ts'
import { FEATURES, featureBits } from '../../src/wire/index.ts'
import { fresh, Node, nextRequest, START, secretOf } from './fixture.ts'

// Invoices that we make (BOLT 11), and how long they are kept.

type Create = Extract<PaymentInput, { type: 'create_invoice' }>
const HOUR = 3_600_000

const create = (change: Partial<Create> = {}): Create => ({
  type: 'create_invoice',
  request: nextRequest(),
  description: 'a coffee',
  expirySeconds: 600,
  preimage: fresh(),
  paymentSecret: fresh(),
  ...change,
})

const limited = (change: Partial<PaymentContext['limits']>) => ({
  limits: { ...DEFAULT_PAYMENT_LIMITS, ...change },
})

function read(node: Node, input: Create) {
  const { invoice } = node.invoice(input)
  const decoded = decodeInvoice(invoice)
  if (!decoded.ok) throw new Error(decoded.error.code)
  return decoded.value
}

describe('an invoice', () => {
  test('says what was asked for, signed by this node, and asks for a secret and an onion of TLVs, and takes parts', () => {
    const node = new Node(secretOf(3), { now: START + 999 })
    const input = create({ amountMsat: msat(123_456) })
    const invoice = read(node, input)
    expect(invoice).toMatchObject({
      network: 'regtest',
      amountMsat: 123_456n,
      timestamp: START / 1000,
      paymentSecret: input.paymentSecret,
      description: { type: 'text', text: 'a coffee' },
      expirySeconds: 600,
      minFinalCltvExpiryDelta: 40,
      payee: node.id,
      features: featureBits(
        FEATURES.var_onion_optin.bit,
        FEATURES.payment_secret.bit,
        FEATURES.basic_mpp.bit + 1,
        FEATURES.option_attribution_data.bit + 1,
      ),
    })
    expect(invoice.paymentHash).toBe(Buffer.from(sha256(input.preimage)).toString('hex'))
    expect(node.replyTo(input.request)).toMatchObject({ type: 'invoice', expiresAt: START + 600_000 })
  })

  test('leaves the amount to the payer where none was said', () => {
    expect(read(new Node(secretOf(3)), create({ amountMsat: undefined as never })).amountMsat).toBeUndefined()
  })

  test.each([
    ['testnet4', 'testnet'],
    ['signet', 'signet'],
    ['bitcoin', 'bitcoin'],
  ] as const)('is for the network of the node: %s', (network, written) => {
    expect(read(new Node(secretOf(3), { network }), create()).network).toBe(written)
  })

  test('of a preimage that is out already is a bug', () => {
    const node = new Node(secretOf(3))
    const { preimage } = node.invoice()
    expect(() => node.step(create({ preimage }))).toThrow(/not fresh/)
  })
})

describe('what nobody could read or pay is refused', () => {
  const cases: readonly [string, Partial<Create>, string, RegExp][] = [
    ['an amount of 0', { amountMsat: msat(0) }, 'amount', /from 1 to .* got 0/],
    ['more than all money', { amountMsat: (MAX_MONEY_MSAT + 1n) as Msat }, 'amount', /from 1 to/],
    ['an expiry of 0', { expirySeconds: 0 }, 'invalid_invoice', /expiry of 1 to/],
    ['half a second', { expirySeconds: 0.5 }, 'invalid_invoice', /expiry of 1 to/],
    ['more than the longest expiry', { expirySeconds: 31 * 24 * 3600 + 1 }, 'invalid_invoice', /2678400 seconds/],
    ['a long description', { description: 'é'.repeat(320) }, 'invalid_invoice', /639 bytes, got 640/],
  ]
  test.each(cases)('%s', (_name, change, code, message) => {
    const node = new Node(secretOf(3))
    const input = create(change)
    node.step(input)
    expect(node.refusalOf(input.request)).toMatchObject({ code, message: expect.stringMatching(message) })
    expect(node.store.size).toBe(0)
  })

  const twins: readonly [string, Partial<Create>][] = [
    ['1 msat', { amountMsat: msat(1) }],
    ['all money', { amountMsat: MAX_MONEY_MSAT }],
    ['1 second', { expirySeconds: 1 }],
    ['31 days', { expirySeconds: 31 * 24 * 3600 }],
    ['639 bytes of description', { description: `${'é'.repeat(319)}e` }],
    ['no description', { description: '' }],
  ]
  test.each(twins)('but not %s', (_name, change) => {
    const node = new Node(secretOf(3))
    read(node, create(change))
    expect([...node.store.keys()]).toHaveLength(1)
  })

  test('more than may be open', () => {
    const node = new Node(secretOf(3), limited({ maxOpenInvoices: 2 }))
    node.invoice()
    node.invoice()
    const input = create()
    node.step(input)
    expect(node.refusalOf(input.request).code).toBe('too_many_invoices')
    expect(node.state.invoices.size).toBe(2)
  })
})

describe('expired invoices', () => {
  test('are forgotten an hour later, together, and the node is woken for it once', () => {
    const node = new Node(secretOf(3))
    node.invoice({ expirySeconds: 600 })
    node.invoice({ expirySeconds: 590 })
    node.invoice({ expirySeconds: 7200 })
    const sweep = Math.ceil((START + 600_000 + HOUR) / 60_000) * 60_000
    // The one that expires ten seconds earlier is swept in the same minute.
    expect(node.wakes).toEqual([sweep])
    node.at({ now: sweep - 1 }).step({ type: 'tick' })
    expect(node.state.invoices.size).toBe(3)
    node.at({ now: sweep }).step({ type: 'tick' })
    expect(node.state.invoices.size).toBe(1)
    expect(node.wakes).toEqual([sweep, Math.ceil((START + 7_200_000 + HOUR) / 60_000) * 60_000])
    node.at({ now: sweep + 3 * HOUR }).step({ type: 'tick' })
    expect(node.store.size).toBe(0)
    expect(node.wakes).toHaveLength(2)
  })

  test('an earlier one asks for an earlier wake, a later one for none', () => {
    const node = new Node(secretOf(3))
    node.invoice({ expirySeconds: 3600 })
    node.invoice({ expirySeconds: 7200 })
    node.invoice({ expirySeconds: 60 })
    expect(node.wakes).toHaveLength(2)
    expect(node.wakes[1]).toBeLessThan(node.wakes[0] ?? 0)
  })

  test('after a start the first step says when to wake', () => {
    const node = new Node(secretOf(3))
    node.invoice({ expirySeconds: 600 })
    node.invoice({ expirySeconds: 60 })
    node.restart()
    node.step({ type: 'tick' })
    expect(node.wakes.at(-1)).toBe(Math.ceil((START + 60_000 + HOUR) / 60_000) * 60_000)
    expect(node.wakes).toHaveLength(3)
  })
})
