import { expect } from 'vitest'
import { feeratePerKw } from '../../src/base/index.ts'
import { NAMES } from './attacks.ts'
import { type Duo, deliverNext, durableOf, input, type Name, opened, otherName } from './harness.ts'
import { add, eventsOf, fulfill, hashOf, settle } from './payments.ts'
import { expectAgreement, fork } from './reconnecting.ts'

// A plan of payments, a history in which they cross, and the end that every history of the plan comes to.

export interface Payment {
  readonly from: Name
  readonly amountMsat: bigint
  readonly outcome: 'fulfill' | 'fail'
}

/** Named by their places, from 1: the secret of a payment. */
export const PLAN: readonly Payment[] = [
  { from: 'alice', amountMsat: 20_000_000n, outcome: 'fulfill' },
  { from: 'bob', amountMsat: 8_000_000n, outcome: 'fail' },
  { from: 'alice', amountMsat: 300_000n, outcome: 'fulfill' },
  { from: 'bob', amountMsat: 5_000_000n, outcome: 'fulfill' },
  { from: 'alice', amountMsat: 11_000_000n, outcome: 'fail' },
  { from: 'bob', amountMsat: 6_000_000n, outcome: 'fulfill' },
]
const ENDS = { alice: 900_000_000n - 20_300_000n + 11_000_000n, bob: 100_000_000n + 20_300_000n - 11_000_000n }

export type Move = (duo: Duo) => void
export const offer =
  (secret: number): Move =>
  duo => {
    const payment = PLAN[secret - 1]
    if (payment !== undefined) add(duo, payment.from, { amountMsat: payment.amountMsat, secret })
  }
export const resolve =
  (secret: number): Move =>
  duo =>
    resolvePayment(duo, secret)
export const commit =
  (name: Name): Move =>
  duo =>
    input(duo, name, { type: 'commit' })
export const fee =
  (value: number): Move =>
  duo =>
    input(duo, 'alice', { type: 'update_fee', feeratePerKw: feeratePerKw(value) })
const read =
  (name: Name): Move =>
  duo => {
    if (duo[otherName(name)].outbox.length > 0) deliverNext(duo, name)
  }
export const to = (name: Name, count = 1): readonly Move[] => Array.from({ length: count }, () => read(name))

/** Updates that cross, signatures that cross, a fee that changes between them: about twenty exchanges. */
export const HISTORY: readonly Move[] = [
  offer(1),
  offer(2),
  commit('alice'),
  commit('bob'),
  ...to('bob', 2),
  ...to('alice', 2),
  offer(3),
  fee(3_000),
  ...to('bob', 2),
  commit('alice'),
  commit('bob'),
  ...to('alice', 2),
  ...to('bob', 2),
  offer(4),
  ...to('alice', 1),
  commit('alice'),
  ...to('bob', 2),
  commit('bob'),
  ...to('alice', 3),
  resolve(1),
  resolve(2),
  ...to('bob', 1),
  commit('bob'),
  commit('alice'),
  ...to('alice', 2),
  ...to('bob', 2),
]

export function resolvePayment(duo: Duo, secret: number): void {
  const payment = PLAN[secret - 1]
  if (payment === undefined) return
  const receiver = otherName(payment.from)
  const htlc = durableOf(duo[receiver]).htlcs.find(
    other => other.offeredBy === 'remote' && other.paymentHash === hashOf(secret),
  )
  if (htlc === undefined || htlc.added !== 'irrevocable' || htlc.resolution !== undefined) return
  if (payment.outcome === 'fulfill') fulfill(duo, receiver, htlc.id, secret)
  else
    input(duo, receiver, { type: 'resolve_htlc', id: htlc.id, resolution: { type: 'fail', reason: Uint8Array.of(7) } })
}

/** What is left of the plan: offers that never were or that a cut has undone, then every decision. */
export function finish(duo: Duo): void {
  settle(duo)
  for (const [index, { from }] of PLAN.entries()) {
    const undone = eventsOf(duo[from]).reduce((count, event) => {
      const own = 'paymentHash' in event && event.paymentHash === hashOf(index + 1)
      if (own && event.type === 'htlc_added') return count - 1
      return own && event.type === 'htlc_dropped' ? count + 1 : count
    }, 1)
    expect(undone === 0 || undone === 1).toBe(true)
    if (undone === 1) offer(index + 1)(duo)
  }
  settle(duo)
  for (const index of PLAN.keys()) resolvePayment(duo, index + 1)
  settle(duo)
}

export function expectEnds(duo: Duo): void {
  expectAgreement(duo)
  for (const name of NAMES) {
    expect(durableOf(duo[name])).toMatchObject({ htlcs: [], proposed: [], settled: { localMsat: ENDS[name] } })
    const received = eventsOf(duo[name]).filter(event => event.type === 'htlc_settled')
    const told = received.map(event => `${event.offeredBy} ${event.id}`)
    expect(new Set(told).size).toBe(told.length)
    expect(told.length).toBe(PLAN.length)
  }
}

/** Every moment of the history, the first before anything happened. */
export function moments(): readonly Duo[] {
  const duo = opened()
  return [
    fork(duo),
    ...HISTORY.map(move => {
      move(duo)
      return fork(duo)
    }),
  ]
}
