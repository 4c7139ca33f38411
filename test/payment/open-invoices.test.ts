import { expect, test } from 'vitest'
import { msat, type NodeId, paymentHash, pmapSet } from '../../src/base/index.ts'
import { DEFAULT_PAYMENT_LIMITS, NEW_PAYMENTS, openInvoice, openInvoices, type Part } from '../../src/payment/index.ts'
import { withPart } from '../../src/payment/parts.ts'
import type { OpenInvoice } from '../../src/payment/state.ts'

// Invoices for those who look: where each stands, by what has come of it and what time it is.

const hashOf = (value: number) => paymentHash(new Uint8Array(32).fill(value))
const NOW = 1_800_000_000_000
const context = { now: NOW, limits: DEFAULT_PAYMENT_LIMITS }

const invoiceOf = (value: number, expiresAt: number): OpenInvoice => ({
  paymentHash: hashOf(value),
  invoice: `lnbcrt${value}`,
  paymentSecret: '00'.repeat(32),
  description: '',
  minFinalCltvExpiryDelta: 144,
  expiresAt,
})

const partOf = (value: number, id: number, cltvExpiry: number): Part => ({
  link: 0,
  id,
  paymentHash: hashOf(value),
  peer: `02${'11'.repeat(32)}` as NodeId,
  amountMsat: msat(600n),
  promisedMsat: msat(500n),
  totalMsat: msat(1000n),
  cltvExpiry,
  wayBack: { sharedSecret: '', position: 'outside' },
  receivedAt: NOW,
})

const withInvoices = (...invoices: readonly OpenInvoice[]) => ({
  ...NEW_PAYMENTS,
  invoices: invoices.reduce((map, each) => pmapSet(map, each.paymentHash, each), NEW_PAYMENTS.invoices),
})

test('one that nobody has paid is open until it expires', () => {
  const state = withInvoices(invoiceOf(1, NOW), invoiceOf(2, NOW - 1))
  expect(openInvoice(state, hashOf(1), context)).toMatchObject({ status: 'open', receivedMsat: 0n, htlcs: 0 })
  expect(openInvoice(state, hashOf(2), context)).toMatchObject({ status: 'expired' })
  expect(openInvoice(state, hashOf(3), context)).toBeUndefined()
  expect(openInvoice(state, hashOf(1), context)).not.toHaveProperty('cancelledAtHeight')
})

test('one whose parts come is being paid, and held when all of them are there, also behind its expiry', () => {
  const state = withInvoices(invoiceOf(1, NOW - 1))
  const half = withPart(state, partOf(1, 0, 300))
  const height = 300 - DEFAULT_PAYMENT_LIMITS.heldDeadlineBlocks
  expect(openInvoice(half, hashOf(1), context)).toMatchObject({
    status: 'paying',
    receivedMsat: 600n,
    htlcs: 1,
    cancelledAtHeight: height,
  })
  const whole = withPart(half, partOf(1, 1, 290))
  expect(openInvoice(whole, hashOf(1), context)).toMatchObject({
    status: 'held',
    receivedMsat: 1200n,
    htlcs: 2,
    cancelledAtHeight: height - 10,
  })
})

test('those that expire last come first, and the hash decides between equals', () => {
  const state = withInvoices(invoiceOf(3, NOW + 1), invoiceOf(1, NOW), invoiceOf(2, NOW + 1))
  expect(openInvoices(state, context).map(({ invoice }) => invoice.invoice)).toEqual(['lnbcrt2', 'lnbcrt3', 'lnbcrt1'])
})
