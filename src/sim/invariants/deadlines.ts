import { pmapEntries } from '../../base/index.ts'
import { DEFAULT_LIMITS, type FundedChannel, type Htlc } from '../../channel/index.ts'
import { DEFAULT_PAYMENT_LIMITS } from '../../payment/index.ts'
import type { Complaint, Observer, Turn, WatchedNode } from '../observer.ts'
import type { World } from '../world.ts'
import { changedLinks, fundedOf, nameOf } from './changedLinks.ts'

const { fulfillDeadlineBlocks, timeoutGraceBlocks } = DEFAULT_LIMITS
const { minKeysendCltvExpiryDelta } = DEFAULT_PAYMENT_LIMITS
/** What begins when its time has come already is noticed at the block after. */
const BLOCKS_TO_NOTICE = 1

/**
 * Invariant 5, in time (BOLT 2, cltv_expiry_delta selection): a node that sees the chain keeps no HTLC in a usable channel beyond the
 * height at which only the chain can settle it, and takes none that leaves it too little time for that.
 */
export function deadlines(_world: World): Observer {
  return {
    name: 'deadlines',
    durable: (node, turn) => {
      if (node.plan.isAdversary) return undefined
      const height = turn.after.blocks.at(-1)?.height ?? 0
      // Who still reads what came while it was away acts on it in the turn in which it has read all: an HTLC that was settled long ago is no
      // reason to close a channel (decision 15).
      const isToAct =
        node.isListening && turn.inputs.some(({ type }) => type === 'block_connected' || type === 'started')
      return takingComplaint(node, turn, height) ?? (isToAct ? overdueComplaint(node, height) : undefined)
    },
  }
}

function overdueComplaint(node: WatchedNode, height: number): Complaint {
  for (const link of node.state.links.size === 0 ? [] : linksIn(node)) {
    const { phase, htlcs } = link.durable
    if (phase.type === 'closing' || phase.type === 'closed') continue
    for (const htlc of htlcs) {
      const last = lastHeight(htlc)
      if (last === undefined || height <= last + BLOCKS_TO_NOTICE) continue
      const whose = htlc.offeredBy === 'local' ? 'offered' : 'fulfilled'
      return `${node.name} keeps HTLC ${htlc.id}, which it has ${whose}, in ${nameOf(link)} at height ${height}: it expires at ${htlc.cltvExpiry}, and after ${last} only the chain can settle it`
    }
  }
  return undefined
}

function linksIn({ state }: WatchedNode): readonly FundedChannel[] {
  const channels: FundedChannel[] = []
  for (const [, link] of pmapEntries(state.links)) {
    const channel = fundedOf(link)
    if (channel !== undefined && channel.durable.htlcs.length > 0) channels.push(channel)
  }
  return channels
}

function lastHeight({ offeredBy, added, cltvExpiry, resolution }: Htlc): number | undefined {
  if (offeredBy === 'local') return added === 'proposed' ? undefined : cltvExpiry + timeoutGraceBlocks
  return resolution?.type === 'fulfill' ? cltvExpiry - fulfillDeadlineBlocks : undefined
}

function takingComplaint(node: WatchedNode, turn: Turn, height: number): Complaint {
  for (const { before, after } of changedLinks(turn)) {
    const channel = fundedOf(after)
    const earlier = fundedOf(before)
    if (channel === undefined || earlier === undefined || channel.durable.htlcs === earlier.durable.htlcs) continue
    for (const htlc of channel.durable.htlcs) {
      if (!isFulfilled(htlc) || htlc.cltvExpiry >= height + minKeysendCltvExpiryDelta) continue
      const old = earlier.durable.htlcs.find(({ id, offeredBy }) => offeredBy === 'remote' && id === htlc.id)
      if (old !== undefined && isFulfilled(old)) continue
      return `${node.name} has taken HTLC ${htlc.id} of ${nameOf(channel)} at height ${height}, which expires at ${htlc.cltvExpiry}: too late to be sure of it`
    }
  }
  return undefined
}

function isFulfilled({ offeredBy, resolution }: Htlc): boolean {
  return offeredBy === 'remote' && resolution?.type === 'fulfill'
}
