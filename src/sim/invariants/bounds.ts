import { pmapValues } from '../../base/index.ts'
import { DEFAULT_LIMITS } from '../../channel/index.ts'
import { DEFAULT_ENGINE_LIMITS, type Link } from '../../engine/index.ts'
import { DEFAULT_PAYMENT_LIMITS } from '../../payment/index.ts'
import { linksOf } from '../node.ts'
import type { Complaint, Observer, Turn, WatchedNode } from '../observer.ts'
import type { World } from '../world.ts'
import { changedLinks, fundedOf, nameOf } from './changedLinks.ts'

/** Inputs that wait for a turn: nobody says as much in the time of a sync. */
const MOST_QUEUED = 5_000
/** BOLT 2: what both sides may offer, and what their removal still keeps. */
const MOST_HTLCS = 2 * DEFAULT_LIMITS.maxAcceptedHtlcs
/** Beside a record for each HTLC: parameters, state, secrets of the peer, facts of the chain. */
const MOST_RECORDS_OF_A_CHANNEL = 200
/** A node of a few channels keeps few other things: wallet, peers, keys. */
const MOST_OTHER_RECORDS = 2_000
const { maxReorgDepth, maxUnfundedPerPeer, maxEvents } = DEFAULT_ENGINE_LIMITS
const { maxPaymentsInFlight, maxOpenInvoices, maxTokens, maxPartsHeld, maxForwards, maxOnionsSeen } =
  DEFAULT_PAYMENT_LIMITS
const { maxMutualCloses } = DEFAULT_LIMITS

/** Invariant 10: whatever peers and users do, what a node holds in memory and in its records has a limit with a name. */
export function bounds(world: World): Observer {
  /** By node and peer: connections that it has heard of and not of their end. */
  const lines = new Map<string, Map<number, string>>()
  return {
    name: 'bounds',
    connected: (node, connection, peer) => {
      lines.set(node.name, (lines.get(node.name) ?? new Map()).set(connection, peer))
      return undefined
    },
    ended: (node, connection) => {
      lines.get(node.name)?.delete(connection)
      return undefined
    },
    crashed: node => {
      lines.delete(node.name)
      return undefined
    },
    durable: (node, turn) => {
      if (node.plan.isAdversary) return undefined
      const queued = world.nodes.find(each => each === node)?.queued ?? 0
      if (queued > MOST_QUEUED) return `${queued} inputs wait at ${node.name}`
      return memoryComplaint(node, turn)
    },
    rest: () => {
      for (const node of world.honest) {
        const complaint = recordsComplaint(node) ?? linesComplaint(node, lines.get(node.name) ?? new Map())
        if (complaint !== undefined) return complaint
      }
      return undefined
    },
  }
}

function memoryComplaint(node: WatchedNode, turn: Turn): Complaint {
  const { blocks, payments } = turn.after
  const sizes: readonly (readonly [what: string, size: number, most: number])[] = [
    ['blocks', blocks.length, maxReorgDepth + 1],
    ['payments in flight', payments.inFlight.size, maxPaymentsInFlight],
    ['open invoices', payments.invoices.size, maxOpenInvoices],
    ['tokens', payments.tokens.size, maxTokens],
    ['parts', payments.parts.size, maxPartsHeld],
    ['forwards', payments.forwards.size, maxForwards],
    ['onions', payments.onions.size, maxOnionsSeen],
  ]
  const tooMany = sizes.find(([, size, most]) => size > most)
  if (tooMany !== undefined) return `${node.name} holds ${tooMany[1]} ${tooMany[0]}, and ${tooMany[2]} are the limit`
  for (const { before, after } of changedLinks(turn)) {
    const channel = fundedOf(after)
    if (channel !== undefined) {
      const { htlcs, mutualCloses } = channel.durable
      if (htlcs.length > MOST_HTLCS) return `${nameOf(channel)} of ${node.name} holds ${htlcs.length} HTLCs`
      if (mutualCloses.length > maxMutualCloses)
        return `${nameOf(channel)} of ${node.name} has ${mutualCloses.length} ends`
    }
    const complaint = before === undefined ? openingComplaint(node, turn, after) : undefined
    if (complaint !== undefined) return complaint
  }
  return undefined
}

/** With the new one there are no more openings of one peer than are allowed; a reorganisation may make it more later. */
function openingComplaint(node: WatchedNode, { after }: Turn, { peer }: Link): Complaint {
  let opening = 0
  for (const link of pmapValues(after.links)) {
    if (link.peer !== peer) continue
    const channel = fundedOf(link)
    if (channel === undefined || (channel.state === 'wait_for_funding_confirmed' && link.state.funding === undefined))
      opening += 1
  }
  if (opening <= maxUnfundedPerPeer) return undefined
  return `${node.name} has ${opening} channels with one peer that have no funding yet, and ${maxUnfundedPerPeer} are the limit`
}

/** BOLT 1, connection handling: between two nodes one connection stays. */
function linesComplaint({ name }: WatchedNode, lines: ReadonlyMap<number, string>): Complaint {
  const peers = [...lines.values()]
  const isTwice = peers.length > new Set(peers).size
  return isTwice ? `${name} has more than one connection with a peer at rest` : undefined
}

function recordsComplaint(node: WatchedNode): Complaint {
  const counts = { onions: 0, events: 0, blocks: 0, channels: 0, kept: 0, other: 0 }
  for (const key of node.disk.records.keys()) {
    if (key.startsWith('event/')) counts.events += 1
    else if (key.startsWith('onion/')) counts.onions += 1
    else if (key.startsWith('block/')) counts.blocks += 1
    else if (key.startsWith('channel/')) counts.channels += 1
    // Every end of a payment, every call with a key, and the past of a channel are kept for those who ask.
    else if (KEPT.some(prefix => key.startsWith(prefix))) counts.kept += 1
    else counts.other += 1
  }
  const links = linksOf(node.state)
  const htlcs = links.reduce((sum, link) => sum + (fundedOf(link)?.durable.htlcs.length ?? 0), 0)
  const most = {
    events: maxEvents,
    blocks: maxReorgDepth + 1,
    channels: links.length * MOST_RECORDS_OF_A_CHANNEL + htlcs,
  }
  if (counts.events > most.events) return `${node.name} keeps ${counts.events} events`
  if (counts.blocks > most.blocks) return `${node.name} keeps the hashes of ${counts.blocks} blocks`
  if (counts.channels > most.channels)
    return `${node.name} keeps ${counts.channels} records of ${links.length} channels`
  if (counts.onions > maxOnionsSeen) return `${node.name} keeps ${counts.onions} onions`
  if (counts.other > MOST_OTHER_RECORDS) return `${node.name} keeps ${counts.other} records besides`
  return undefined
}

const KEPT = ['payment/', 'archive/', 'request/', 'request-age/', 'sent-hash/', 'received-hash/', 'hash/']
