import { jsonDecode } from '../../base/index.ts'
import { EVENTS, type NodeEvent } from '../../engine/index.ts'
import type { SimNode } from '../node.ts'

export interface EndedPayment {
  readonly type: 'payment_sent' | 'payment_received'
  readonly amountMsat: bigint
}

/** The payments that a node has made and was made, as its durable log tells. */
export function endedPayments(node: SimNode): readonly EndedPayment[] {
  return [...node.disk.load(EVENTS).values()].flatMap(value => {
    const stored = jsonDecode<{ readonly event: NodeEvent }>(value)
    if (!stored.ok) throw new Error(`an event of ${node.name} cannot be read: ${stored.error.message}`)
    const { event } = stored.value
    if (event.type !== 'payment_sent' && event.type !== 'payment_received') return []
    return [{ type: event.type, amountMsat: event.payment.amountMsat }]
  })
}
