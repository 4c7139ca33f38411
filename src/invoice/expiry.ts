import type { Invoice } from './types.ts'

/** Whether it is too late to pay, and to accept a payment: `timestamp` plus `expiry` has passed (BOLT 11, Payer / Payee Requirements). */
export function invoiceIsExpired(invoice: Invoice, nowSeconds: number): boolean {
  return nowSeconds > invoice.timestamp + invoice.expirySeconds
}
