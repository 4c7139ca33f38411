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

/**
 * Whether a payment counts as sent because its payer has shown the preimage itself: the payee had offered an HTLC of the same hash, and the
 * commitment that confirmed holds that one. The payer can prove that it has paid; its money may be where it was.
 */
export function isKept(events: readonly NodeEvent[], hash: string): boolean {
  return events.some(
    event =>
      event.type === 'channel_onchain' &&
      event.kind === 'preimage_found' &&
      event.sentence.includes(hash) &&
      / of ours\b/.test(event.sentence) &&
      / of the peer\b/.test(event.sentence),
  )
}

/**
 * Whether the chain has shown the preimage of what it has passed on by another HTLC of its own with the same hash. Where the one that was passed on is
 * not on the commitment that confirmed, whoever has passed it on keeps what came for it, and its payer has the proof.
 */
function isPassedOnByProof(events: readonly NodeEvent[], hash: string): boolean {
  return events.some(
    event =>
      event.type === 'channel_onchain' &&
      event.kind === 'preimage_found' &&
      event.sentence.includes(hash) &&
      (event.sentence.match(/HTLC \d+ of ours/g) ?? []).length > 1,
  )
}

/** What it has at most of what the log says that it has paid, or passed on. */
export function keptMsat(node: Pick<WatchedNode, 'disk' | 'name'>): bigint {
  const events = eventsOf(node)
  return events.reduce((sum, event) => {
    if (event.type === 'payment_forwarded' && isPassedOnByProof(events, event.paymentHash))
      return sum + event.amountMsat
    if (event.type !== 'payment_sent' || !isKept(events, event.payment.paymentHash)) return sum
    return sum + event.payment.amountMsat + event.payment.feeMsat
  }, 0n)
}
