import { jsonDecode } from '../../base/index.ts'
import { EVENTS, type NodeEvent } from '../../engine/index.ts'
import type { WatchedNode } from '../observer.ts'

/** What came to a node by a payment, or by the fee of one that it has passed on, and what left it, with its fees. */
export interface EndedPayment {
  readonly type: 'payment_sent' | 'payment_received' | 'payment_forwarded'
  readonly amountMsat: bigint
}

/** The durable log of a node: whoever crashes may have stored an end without having told anybody. */
export function eventsOf({ disk, name }: Pick<WatchedNode, 'disk' | 'name'>): readonly NodeEvent[] {
  return [...disk.load(EVENTS).values()].map(value => {
    const stored = jsonDecode<{ readonly event: NodeEvent }>(value)
    if (!stored.ok) throw new Error(`an event of ${name} cannot be read: ${stored.error.message}`)
    return stored.value.event
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
