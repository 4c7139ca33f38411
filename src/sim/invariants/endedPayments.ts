import { jsonDecode } from '../../base/index.ts'
import { EVENTS, type NodeEvent } from '../../engine/index.ts'
import type { WatchedNode } from '../observer.ts'

/** What came to a node by a payment, or by the fee of one that it has passed on, and what left it, with its fees. */
export interface EndedPayment {
  readonly type: 'payment_sent' | 'payment_received' | 'payment_forwarded'
  readonly amountMsat: bigint
}

// Several rules read all of it, more than once in a run, and what is stored never changes.
const known = new WeakMap<Uint8Array, NodeEvent>()

/**
 * The durable log of a node: whoever crashes may have stored an end without having told anybody. What a payment has cost is what was
 * said of it last.
 */
export function eventsOf({ disk, name }: Pick<WatchedNode, 'disk' | 'name'>): readonly NodeEvent[] {
  const events = [...disk.load(EVENTS).values()].map(value => {
    const read = known.get(value)
    if (read !== undefined) return read
    const stored = jsonDecode<{ readonly event: NodeEvent }>(value)
    if (!stored.ok) throw new Error(`an event of ${name} cannot be read: ${stored.error.message}`)
    known.set(value, stored.value.event)
    return stored.value.event
  })
  const changes = events.filter(event => event.type === 'payment_changed')
  if (changes.length === 0) return events
  const latest = new Map(changes.map(({ payment }) => [payment.number, payment] as const))
  return events.flatMap((event): readonly NodeEvent[] => {
    if (event.type === 'payment_changed') return []
    if (event.type !== 'payment_sent') return [event]
    return [{ ...event, payment: latest.get(event.payment.number) ?? event.payment }]
  })
}

/** The payments that a node has made, was made and has passed on, as its durable log tells. */
export function endedPayments(node: Pick<WatchedNode, 'disk' | 'name'>): readonly EndedPayment[] {
  return eventsOf(node).flatMap((event): readonly EndedPayment[] => {
    if (event.type === 'payment_forwarded') return [{ type: event.type, amountMsat: event.feeMsat }]
    if (event.type !== 'payment_sent' && event.type !== 'payment_received') return []
    const { amountMsat, feeMsat } = event.payment
    return [{ type: event.type, amountMsat: event.type === 'payment_sent' ? amountMsat + feeMsat : amountMsat }]
  })
}
