import { assert, BookendError, jsonDecode, type PaymentHash } from '../base/index.ts'
import type { Payment } from '../engine/index.ts'
import { PAYMENTS, paymentKey, receivedHashKey, sentHashKey } from '../payment/index.ts'
import type { Store } from '../ports/index.ts'

// Payments as the store has them, in flight and ended.

export const MAX_PAYMENTS_LISTED = 1_000

/** Newest first, below the number `before`. */
export async function listPayments(store: Store, limit: number, before?: number): Promise<readonly Payment[]> {
  const page = { limit, backwards: true, ...(before !== undefined && { before: paymentKey(before) }) }
  return [...(await store.loadPage(PAYMENTS, page)).values()].map(decoded)
}

/** The last one with this hash; where we paid ourselves, the one that we sent. */
export async function findPayment(store: Store, hash: PaymentHash): Promise<Payment> {
  for (const key of [sentHashKey(hash), receivedHashKey(hash)]) {
    const number = (await store.load(key)).get(key)
    if (number === undefined) continue
    const payment = await numbered(store, Number(numberOf(number)))
    if (payment !== undefined) return payment
  }
  throw new BookendError('not_found', `No payment has the hash ${hash}.`, {
    advice: '`bookend payments` lists the payments. An invoice that was not paid yet is none.',
  })
}

async function numbered(store: Store, number: number): Promise<Payment | undefined> {
  const key = paymentKey(number)
  const record = (await store.load(key)).get(key)
  return record === undefined ? undefined : decoded(record)
}

function numberOf(record: Uint8Array): number {
  const number = jsonDecode<number>(record)
  assert(number.ok, 'the number of a payment can be read')
  return number.value
}

function decoded(record: Uint8Array): Payment {
  const payment = jsonDecode<Payment>(record)
  assert(payment.ok, 'the record of a payment can be read')
  return payment.value
}
