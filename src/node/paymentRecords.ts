import { assert, BookendError, jsonDecode, type PaymentHash } from '../base/index.ts'
import type { Payment } from '../engine/index.ts'
import { PAYMENTS, paymentKey, receivedHashKey, sentHashKey } from '../payment/index.ts'
import type { Store } from '../ports/index.ts'
import type { PaymentsRequest } from './types.ts'

// Payments as the store has them, in flight and ended.

const MAX_PAYMENTS_LISTED = 1_000
const DEFAULT_PAYMENTS_LISTED = 100
/** Records that are read at a time where only some of them are wanted. */
const PAGE = 1_000

/** Newest first. Cost: where only some are wanted, one pass over the records until enough of them are found. */
export async function listPayments(store: Store, wanted: PaymentsRequest): Promise<readonly Payment[]> {
  const { direction, status } = wanted
  const limit = Math.min(wanted.limit ?? DEFAULT_PAYMENTS_LISTED, MAX_PAYMENTS_LISTED)
  const isWanted = (payment: Payment): boolean =>
    (direction === undefined || payment.direction === direction) && (status === undefined || payment.status === status)
  const everything = direction === undefined && status === undefined
  const found: Payment[] = []
  let { before } = wanted
  for (;;) {
    const page = await pageOf(store, everything ? limit : PAGE, before)
    found.push(...page.filter(isWanted))
    const last = page.at(-1)
    if (everything || found.length >= limit || last === undefined || page.length < PAGE) return found.slice(0, limit)
    before = last.number
  }
}

async function pageOf(store: Store, limit: number, before: number | undefined): Promise<readonly Payment[]> {
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
