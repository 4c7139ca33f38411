import { pmapValues } from '../../base/index.ts'
import type { NodeEvent } from '../../engine/index.ts'
import type { Complaint, Observer, WatchedNode, WatchedWorld } from '../observer.ts'
import { eventsOf, isKept } from './endedPayments.ts'

interface End {
  readonly type: 'payment_sent' | 'payment_failed' | 'payment_received'
  readonly number: number
  readonly hash: string
  readonly amountMsat: bigint
  readonly other: string
  /** Why it failed. */
  readonly code: string | undefined
}

/** What a node has said that has happened. */
interface Log {
  readonly events: readonly NodeEvent[]
  readonly ends: readonly End[]
}

type Logs = ReadonlyMap<WatchedNode, Log>

/** HTLCs of less have no output in any commitment of the world (BOLT 3, dust limits). */
const LEAST_OUTPUT_MSAT = 354_000n

/**
 * Invariant 5: exactly one end for each payment, nothing that is in flight is forgotten, and at rest whoever has paid has paid somebody
 * who was paid. What counts is the durable log: who crashes may have stored an end without having told anybody.
 */
export function payments(world: WatchedWorld): Observer {
  const replies = new Set<string>()
  const look = (): Complaint => {
    const logs: Logs = new Map(world.honest.map(node => [node, logOf(node)] as const))
    for (const node of world.honest) {
      const complaint = flightComplaint(node) ?? (world.lost?.has(node) ? undefined : endsComplaint(world, node, logs))
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
function endsComplaint(world: WatchedWorld, node: WatchedNode, logs: Logs): Complaint {
  return twiceComplaint(world, node, logs) ?? otherSideComplaint(world, node, logs)
}

function logOf(node: WatchedNode): Log {
  const events = eventsOf(node)
  const ends = events.flatMap((event): readonly End[] => {
    if (event.type !== 'payment_sent' && event.type !== 'payment_failed' && event.type !== 'payment_received') return []
    const { number, paymentHash: hash, amountMsat, peer: other, failure } = event.payment
    return [{ type: event.type, number, hash, amountMsat, other, code: failure?.code }]
  })
  return { events, ends }
}

function flightComplaint(node: WatchedNode): Complaint {
  const flying = [...pmapValues(node.state.payments.inFlight)].map(
    ({ payment, parts }) =>
      `number ${payment.number} (${payment.paymentHash.slice(0, 8)}) as ${parts.map(({ link, id }) => `${link}/${id}`).join(' and ')}`,
  )
  if (flying.length === 0) return undefined
  return `${node.name} still has payments in flight when all has come to rest: ${flying.join(', ')}`
}

/** A payment is a number at its payer, and a hash and who brings it at its payee: everybody behind that one may have paid it, but nobody twice. */
function twiceComplaint(world: WatchedWorld, node: WatchedNode, logs: Logs): Complaint {
  const seen = new Map<string, End>()
  const received = new Map<string, number>()
  for (const end of logs.get(node)?.ends ?? []) {
    if (end.type === 'payment_received') {
      const key = `${end.hash} ${end.other}`
      const times = (received.get(key) ?? 0) + 1
      received.set(key, times)
      const known = payersOf(world, node, end, logs)
      const payers =
        known === 'unknown'
          ? payersAtMost(world, node, end, logs)
          : known.length + payersOfDust(world, node, end, logs).filter(payer => !known.includes(payer)).length
      if (times > payers && times > 1 && !isClaimedOnChain(node, end, logs))
        return `${node.name} has ended payment ${end.hash.slice(0, 8)} twice: ${times} times received, where ${payers} may have paid it`
      continue
    }
    for (const key of [`number ${end.number}`, ...(end.type === 'payment_sent' ? [`sent ${end.hash}`] : [])]) {
      const earlier = seen.get(key)
      if (earlier !== undefined)
        return `${node.name} has ended payment ${end.hash.slice(0, 8)} twice: ${earlier.type} as number ${earlier.number}, and ${end.type} as number ${end.number}`
      seen.set(key, end)
    }
  }
  return undefined
}

/** Who may have paid this node under this hash: the honest say so, of the others nobody knows. */
function payersAtMost(world: WatchedWorld, payee: WatchedNode, { hash }: End, logs: Logs): number {
  const { honest, nodes = honest, lost } = world
  const isPayer = (node: WatchedNode) =>
    lost?.has(node) === true ||
    logs.get(node)?.ends.some(end => end.type !== 'payment_received' && end.hash === hash && end.other === payee.id) ===
      true
  return nodes.length - honest.length + honest.filter(node => node !== payee && isPayer(node)).length
}

/**
 * What has no output on the commitment that ends a channel on its way has failed for who has offered it there, and rightly so for its payer; the
 * payee counts it all the same, having given the preimage away.
 */
function payersOfDust(
  { honest }: WatchedWorld,
  payee: WatchedNode,
  { hash, amountMsat }: End,
  logs: Logs,
): readonly WatchedNode[] {
  const isForced = [...logs.values()].some(({ events }) =>
    events.some(event => event.type === 'channel_onchain' && event.kind === 'commitment_confirmed'),
  )
  if (!isForced || amountMsat >= LEAST_OUTPUT_MSAT) return []
  const isLost = (end: End) => end.type === 'payment_failed' && end.hash === hash && end.amountMsat === amountMsat
  return honest.filter(node => logs.get(node)?.ends.some(end => isLost(end) && end.other === payee.id))
}

/** With a preimage that it has given away once a node takes every HTLC of that hash that it finds on chain. */
function isClaimedOnChain(node: WatchedNode, { amountMsat }: End, logs: Logs): boolean {
  const words = `of ${amountMsat} msat that the peer offered is taken with its preimage`
  return (logs.get(node)?.events ?? []).some(
    event => event.type === 'channel_onchain' && event.sentence.includes(words),
  )
}

/** On its way to somebody else it came to a node that knew its preimage, which took it from the chain: whoever offered it has paid, or was paid for it. */
function isTakenOnTheWay(world: WatchedWorld, node: WatchedNode, end: End, logs: Logs): boolean {
  const peer = world.honest.find(({ id }) => id === end.other)
  const log = peer && logs.get(peer)
  return (
    isClaimedOnChain(node, end, logs) &&
    (log?.ends.some(({ type, hash }) => type === 'payment_sent' && hash === end.hash) === true ||
      log?.events.some(event => event.type === 'payment_forwarded' && event.paymentHash === end.hash) === true)
  )
}

/**
 * Somebody was paid under the same hash, its payee or even who pays here, and with that preimage who was to pass this one on has kept it:
 * that is its right.
 */
function isClaimedOnTheWay({ lies, honest }: WatchedWorld, { hash }: End, logs: Logs): boolean {
  const isReceived = honest.some(node =>
    logs.get(node)?.ends.some(end => end.type === 'payment_received' && end.hash === hash),
  )
  return lies?.claimed.has(hash) === true && isReceived
}

/** Who has paid has paid somebody who was paid, and who was paid has been paid by somebody, over however many others. */
function otherSideComplaint(world: WatchedWorld, node: WatchedNode, logs: Logs): Complaint {
  for (const end of logs.get(node)?.ends ?? []) {
    const { type, hash, amountMsat, other } = end
    const name = hash.slice(0, 8)
    if (type === 'payment_received') {
      const payers = payersOf(world, node, end, logs)
      if (payers === 'unknown' || payers.length > 0 || isLeft(world, node, end, logs)) continue
      if (isTakenOnTheWay(world, node, end, logs)) continue
      const peer = world.honest.find(({ id }) => id === other)
      return `${node.name} was paid ${amountMsat} msat by ${peer?.name}, who has not paid (${name})`
    }
    const payee = world.honest.find(({ id }) => id === other)
    if (type !== 'payment_sent' || payee === undefined || world.lost?.has(payee)) continue
    const isMet = (logs.get(payee)?.ends ?? []).some(received => {
      if (received.type !== 'payment_received' || received.hash !== hash) return false
      const payers = payersOf(world, payee, received, logs)
      // Whoever is not honest may have had the preimage from another payment of this hash, and keeps the money.
      return payers === 'unknown' || (payers.includes(node) && received.amountMsat === amountMsat)
    })
    const isExplained = isMetTogether(world, payee, end, logs) || isKept(logs.get(node)?.events ?? [], hash)
    if (!isMet && !isExplained && !isClaimedOnTheWay(world, end, logs))
      return `${node.name} has paid ${amountMsat} msat to ${payee.name}, who was not paid (${name})`
  }
  return undefined
}

/**
 * Two who pay one invoice at once pay one payment: with what the first has sent of it the second is whole, and the payee takes all that
 * is there (BOLT 4, basic multi-part payments). So it was paid what all of them have paid, or more where one of them tells nobody.
 */
function isMetTogether(world: WatchedWorld, payee: WatchedNode, { hash, amountMsat }: End, logs: Logs): boolean {
  const sumOf = (ends: readonly End[]) => ends.reduce((sum, end) => sum + end.amountMsat, 0n)
  const ofHash = (node: WatchedNode, type: End['type']) =>
    (logs.get(node)?.ends ?? []).filter(end => end.type === type && end.hash === hash)
  const receivedMsat = sumOf(ofHash(payee, 'payment_received'))
  const paid = world.honest.flatMap(payer => ofHash(payer, 'payment_sent').filter(({ other }) => other === payee.id))
  const { honest, nodes = honest, lost } = world
  const isSilent = nodes.length > honest.length || (lost?.size ?? 0) > 0
  if (isSilent) return receivedMsat > amountMsat && receivedMsat >= sumOf(paid)
  if (paid.length > 1 && receivedMsat === sumOf(paid)) return true
  // One of those who pay may take a part of another one that comes by, once it knows the preimage: with what it would have earned.
  const taken = world.honest
    .filter(node => node !== payee)
    .flatMap(node =>
      ofHash(node, 'payment_received').filter(
        end => payersOf(world, node, end, logs).length === 0 && isTakenOnTheWay(world, node, end, logs),
      ),
    )
  return taken.length > 0 && receivedMsat + sumOf(taken) >= sumOf(paid)
}

/** The honest nodes whose payment came to this one, back over those who passed it on; `unknown` behind anybody else. */
function payersOf(
  world: WatchedWorld,
  payee: WatchedNode,
  { hash, other }: End,
  logs: Logs,
): readonly WatchedNode[] | 'unknown' {
  const payers: WatchedNode[] = []
  const seen = new Set<string>()
  const behind: { readonly id: string; readonly next: string }[] = [{ id: other, next: payee.id }]
  for (let step = behind.pop(); step !== undefined; step = behind.pop()) {
    const { id, next } = step
    if (seen.has(`${id} ${next}`)) continue
    seen.add(`${id} ${next}`)
    const hop = world.honest.find(each => each.id === id)
    if (hop === undefined || world.lost?.has(hop)) return 'unknown'
    const log = logs.get(hop)
    if (log?.ends.some(end => end.type === 'payment_sent' && end.hash === hash && end.other === payee.id))
      payers.push(hop)
    for (const event of log?.events ?? [])
      if (event.type === 'payment_forwarded' && event.paymentHash === hash && event.to === next)
        behind.push({ id: event.from, next: id })
  }
  return payers
}

/**
 * Whether the chain kept a payment whose preimage was given away: so little has no output there, or one that neither side takes. Then
 * the payee counts it, and whoever has offered it rightly says that it was lost.
 */
function isLeft(world: WatchedWorld, payee: WatchedNode, { hash, amountMsat, other }: End, logs: Logs): boolean {
  const peer = world.honest.find(({ id }) => id === other)
  if (peer === undefined) return true
  const own = (logs.get(peer)?.ends ?? []).filter(
    end =>
      end.type !== 'payment_received' && end.hash === hash && end.other === payee.id && end.amountMsat === amountMsat,
  )
  // It has said that it does not know.
  if (own.some(({ code }) => code === 'outcome_unknown')) return true
  // Who passed it on says nothing of it; who offered it for itself has said that it was lost.
  if (own.length > 0 && !own.some(({ code }) => code === 'lost_on_chain')) return false
  const says = (node: WatchedNode, what: string) =>
    logs
      .get(node)
      ?.events.some(
        event => event.type === 'channel_onchain' && event.sentence.includes(`of ${amountMsat / 1000n} sat is ${what}`),
      )
  // Left for now: at the feerate of those days it was not worth its claim, and when that fell it had run out.
  return (
    amountMsat < LEAST_OUTPUT_MSAT ||
    [payee, peer].some(node => says(node, 'given up')) ||
    says(payee, 'left for now') === true ||
    isLeftOnTheWay(payee, hash, logs)
  )
}

/** The same of what came to one of those who passed it on: their loss, and the payer says that it was lost. */
function isLeftOnTheWay(payee: WatchedNode, hash: string, logs: Logs): boolean {
  const all = [...logs.values()]
  const isLost = all.some(({ ends }) =>
    ends.some(end => end.hash === hash && end.other === payee.id && end.code === 'lost_on_chain'),
  )
  if (!isLost) return false
  const events = all.flatMap(log => log.events)
  return events.some(event => {
    if (event.type !== 'payment_forwarded' || event.paymentHash !== hash) return false
    const cameMsat = event.amountMsat + event.feeMsat
    const words = new RegExp(` of ${cameMsat / 1000n} sat is (given up|left for now)`)
    const isSaid = events.some(each => each.type === 'channel_onchain' && words.test(each.sentence))
    return cameMsat < LEAST_OUTPUT_MSAT || isSaid
  })
}
