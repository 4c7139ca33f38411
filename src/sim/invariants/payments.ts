import { jsonDecode, pmapValues } from '../../base/index.ts'
import { EVENTS, type NodeEvent } from '../../engine/index.ts'
import type { Complaint, Observer, WatchedNode, WatchedWorld } from '../observer.ts'

interface End {
  readonly type: 'payment_sent' | 'payment_failed' | 'payment_received'
  readonly number: number
  readonly hash: string
  readonly amountMsat: bigint
  readonly other: string
  /** Why it failed. */
  readonly code: string | undefined
}

/** HTLCs of less have no output in any commitment of the world (BOLT 3, dust limits). */
const LEAST_OUTPUT_MSAT = 354_000n

/**
 * Invariant 5: exactly one end for each payment, nothing that is in flight is forgotten, and at rest whoever has paid has paid somebody
 * who was paid. What counts is the durable log: who crashes may have stored an end without having told anybody.
 */
export function payments(world: WatchedWorld): Observer {
  const replies = new Set<string>()
  const look = (): Complaint => {
    const ends = new Map(world.honest.map(node => [node, endsOf(node)] as const))
    for (const node of world.honest) {
      const complaint = flightComplaint(node) ?? (world.lost?.has(node) ? undefined : endsComplaint(world, node, ends))
      if (complaint !== undefined) return complaint
    }
    return undefined
  }
  return {
    name: 'payments',
    replied: (node, request) => {
      const key = `${node.name} ${request}`
      if (replies.has(key)) return `${node.name} has answered request ${request} twice`
      replies.add(key)
      return undefined
    },
    rest: look,
    closed: look,
  }
}

/** Of a node on an older image nobody asks this: it remembers a payment as it was, and what became of it is said to nobody twice. */
function endsComplaint(
  world: WatchedWorld,
  node: WatchedNode,
  ends: ReadonlyMap<WatchedNode, readonly End[]>,
): Complaint {
  return twiceComplaint(node, ends) ?? otherSideComplaint(world, node, ends)
}

function eventsOf(node: WatchedNode): readonly NodeEvent[] {
  return [...node.disk.load(EVENTS).values()].map(value => {
    const stored = jsonDecode<{ readonly event: NodeEvent }>(value)
    if (!stored.ok) throw new Error(`an event of ${node.name} cannot be read: ${stored.error.message}`)
    return stored.value.event
  })
}

function endsOf(node: WatchedNode): readonly End[] {
  return eventsOf(node).flatMap((event): readonly End[] => {
    if (event.type !== 'payment_sent' && event.type !== 'payment_failed' && event.type !== 'payment_received') return []
    const { number, paymentHash: hash, amountMsat, peer: other, failure } = event.payment
    return [{ type: event.type, number, hash, amountMsat, other, code: failure?.code }]
  })
}

function flightComplaint(node: WatchedNode): Complaint {
  const flying = [...pmapValues(node.state.payments.inFlight)].map(
    ({ payment, parts }) =>
      `number ${payment.number} (${payment.paymentHash.slice(0, 8)}) as ${parts.map(({ link, id }) => `${link}/${id}`).join(' and ')}`,
  )
  if (flying.length === 0) return undefined
  return `${node.name} still has payments in flight when all has come to rest: ${flying.join(', ')}`
}

/** A payment is a number at its payer, and a hash and a payer at its payee: two may give the same preimage away, but none twice. */
function twiceComplaint(node: WatchedNode, ends: ReadonlyMap<WatchedNode, readonly End[]>): Complaint {
  const seen = new Map<string, End>()
  for (const end of ends.get(node) ?? []) {
    const isReceived = end.type === 'payment_received'
    const keys = isReceived
      ? [`received ${end.hash} ${end.other}`]
      : [`number ${end.number}`, ...(end.type === 'payment_sent' ? [`sent ${end.hash}`] : [])]
    for (const key of keys) {
      const earlier = seen.get(key)
      if (earlier !== undefined)
        return `${node.name} has ended payment ${end.hash.slice(0, 8)} twice: ${earlier.type} as number ${earlier.number}, and ${end.type} as number ${end.number}`
      seen.set(key, end)
    }
  }
  return undefined
}

function otherSideComplaint(
  world: WatchedWorld,
  node: WatchedNode,
  ends: ReadonlyMap<WatchedNode, readonly End[]>,
): Complaint {
  for (const { type, hash, amountMsat, other } of ends.get(node) ?? []) {
    const peer = world.honest.find(({ id }) => id === other)
    if (peer === undefined || world.lost?.has(peer) || type === 'payment_failed') continue
    const wanted = type === 'payment_sent' ? 'payment_received' : 'payment_sent'
    const isMet = (ends.get(peer) ?? []).some(
      each => each.type === wanted && each.hash === hash && each.other === node.id && each.amountMsat === amountMsat,
    )
    if (!isMet && !isLeft({ hash, amountMsat }, [node, peer], ends.get(peer) ?? []))
      return type === 'payment_sent'
        ? `${node.name} has paid ${amountMsat} msat to ${peer.name}, who was not paid (${hash.slice(0, 8)})`
        : `${node.name} was paid ${amountMsat} msat by ${peer.name}, who has not paid (${hash.slice(0, 8)})`
  }
  return undefined
}

/**
 * Whether the chain kept a payment whose preimage was given away: so little has no output there, or one that neither side takes. Then
 * the payee counts it, and the payer rightly says that it was lost.
 */
function isLeft(
  { hash, amountMsat }: Pick<End, 'hash' | 'amountMsat'>,
  nodes: readonly WatchedNode[],
  payers: readonly End[],
): boolean {
  const ends = payers.filter(end => end.hash === hash && end.amountMsat === amountMsat)
  // It has said that it does not know.
  if (ends.some(({ code }) => code === 'outcome_unknown')) return true
  if (!ends.some(({ code }) => code === 'lost_on_chain')) return false
  const words = `of ${amountMsat / 1000n} sat is given up`
  return (
    amountMsat < LEAST_OUTPUT_MSAT ||
    nodes.some(node => eventsOf(node).some(event => event.type === 'channel_onchain' && event.sentence.includes(words)))
  )
}
