import { pmapValues } from '../../base/index.ts'
import type { SimNode } from '../node.ts'
import type { Complaint, Observer } from '../observer.ts'
import type { World } from '../world.ts'

interface End {
  readonly type: 'payment_sent' | 'payment_failed' | 'payment_received'
  readonly number: number
  readonly hash: string
  readonly amountMsat: bigint
  readonly other: string
}

/**
 * Invariant 5: exactly one end for each payment, nothing that is in flight is forgotten, and at rest whoever has paid has paid
 * somebody who was paid.
 */
export function payments(world: World): Observer {
  const ends = new Map<SimNode, End[]>(world.nodes.map(node => [node, []]))
  const replies = new Set<string>()
  return {
    name: 'payments',
    durable: (node, { effects }) => {
      const list = ends.get(node) ?? []
      for (const effect of effects) {
        if (effect.type !== 'event') continue
        const { event } = effect.event
        if (event.type !== 'payment_sent' && event.type !== 'payment_failed' && event.type !== 'payment_received')
          continue
        const { number, paymentHash: hash, amountMsat, peer: other } = event.payment
        const end = { type: event.type, number, hash, amountMsat, other }
        const earlier = list.find(each => isSecondEnd(each, end))
        if (earlier !== undefined)
          return `${node.name} has ended payment ${hash.slice(0, 8)} twice: ${earlier.type} as number ${earlier.number}, and then ${end.type} as number ${end.number}`
        list.push(end)
      }
      return undefined
    },
    replied: (node, request) => {
      const key = `${node.name} ${request}`
      if (replies.has(key)) return `${node.name} has answered request ${request} twice`
      replies.add(key)
      return undefined
    },
    rest: () => {
      for (const node of world.honest) {
        if (node.state.payments.inFlight.size > 0)
          return `${node.name} still has payments in flight when all has come to rest: ${inFlightOf(node)}`
        const complaint = restComplaint(world, node, ends)
        if (complaint !== undefined) return complaint
      }
      return undefined
    },
  }
}

/** A payment is a number at its payer, and a hash and a payer at its payee: two may give the same preimage away, but none twice. */
function isSecondEnd(one: End, other: End): boolean {
  if (one.type === 'payment_received' || other.type === 'payment_received')
    return one.type === other.type && one.hash === other.hash && one.other === other.other
  return (
    one.number === other.number ||
    (one.type === 'payment_sent' && other.type === 'payment_sent' && one.hash === other.hash)
  )
}

function restComplaint(world: World, node: SimNode, ends: ReadonlyMap<SimNode, readonly End[]>): Complaint {
  for (const { type, hash, amountMsat, other } of ends.get(node) ?? []) {
    const peer = world.honest.find(({ id }) => id === other)
    if (peer === undefined || type === 'payment_failed') continue
    const wanted = type === 'payment_sent' ? 'payment_received' : 'payment_sent'
    const isMet = (ends.get(peer) ?? []).some(
      each => each.type === wanted && each.hash === hash && each.other === node.id && each.amountMsat === amountMsat,
    )
    if (!isMet)
      return type === 'payment_sent'
        ? `${node.name} has paid ${amountMsat} msat to ${peer.name}, who was not paid (${hash.slice(0, 8)})`
        : `${node.name} was paid ${amountMsat} msat by ${peer.name}, who has not paid (${hash.slice(0, 8)})`
  }
  return undefined
}

function inFlightOf(node: SimNode): string {
  return [...pmapValues(node.state.payments.inFlight)]
    .map(
      ({ payment, htlc }) => `number ${payment.number} (${payment.paymentHash.slice(0, 8)}) as ${JSON.stringify(htlc)}`,
    )
    .join(', ')
}
