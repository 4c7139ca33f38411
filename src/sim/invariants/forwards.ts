import { type PMap, pmapEntries, pmapGet, pmapHas } from '../../base/index.ts'
import type { FundedChannel, Htlc } from '../../channel/index.ts'
import type { EngineState } from '../../engine/index.ts'
import { DEFAULT_PAYMENT_LIMITS } from '../../payment/index.ts'
import type { Complaint, Observer, Turn, WatchedNode } from '../observer.ts'
import { fundedOf, nameOf } from './changedLinks.ts'

const { upstreamDeadlineBlocks } = DEFAULT_PAYMENT_LIMITS

type Forward = EngineState['payments']['forwards'] extends PMap<infer F> ? F : never
type Party = Htlc['offeredBy']

/**
 * What a node passes on goes back only when nobody downstream can take it any more (BOLT 2, forwarding HTLCs): until then the HTLC upstream
 * has no end. What ends on the chain is for the rules of money and payments.
 */
export function forwards(): Observer {
  return {
    name: 'forwards',
    durable: (node, turn) => {
      const { before, after } = turn
      if (node.plan.isAdversary || (before.links === after.links && before.payments === after.payments))
        return undefined
      return openComplaint(node, after) ?? endedComplaint(node, turn)
    },
  }
}

function openComplaint({ name }: WatchedNode, after: EngineState): Complaint {
  for (const [, forward] of pmapEntries(after.payments.forwards)) {
    const resolution = htlcOf(after, 'remote', forward)?.resolution
    if (resolution !== undefined)
      return `${name} has answered HTLC ${forward.id} with a ${resolution.type}, and the one that it offered for it is still open`
  }
  return undefined
}

function endedComplaint({ name }: WatchedNode, { before, after }: Turn): Complaint {
  if (before.payments.forwards === after.payments.forwards) return undefined
  const height = after.blocks.at(-1)?.height ?? 0
  for (const [key, forward] of pmapEntries(before.payments.forwards)) {
    if (pmapHas(after.payments.forwards, key) || height >= forward.cltvExpiry - upstreamDeadlineBlocks) continue
    const resolution = htlcOf(after, 'remote', forward)?.resolution
    if (resolution === undefined || resolution.type === 'fulfill') continue
    const channel = channelAt(after, forward.outbound.link)
    const open = htlcOf(after, 'local', forward.outbound)
    if (channel === undefined || isOnChain(channel) || open === undefined) continue
    return `${name} has given HTLC ${forward.id} back, and ${open.id} of ${nameOf(channel)}, which it offered for it, can still be taken`
  }
  return undefined
}

function channelAt({ links }: EngineState, link: number): FundedChannel | undefined {
  return fundedOf(pmapGet(links, String(link)))
}

function htlcOf(state: EngineState, offeredBy: Party, { link, id }: Pick<Forward, 'link' | 'id'>): Htlc | undefined {
  return channelAt(state, link)?.durable.htlcs.find(htlc => htlc.offeredBy === offeredBy && htlc.id === id)
}

function isOnChain({ durable: { phase } }: FundedChannel): boolean {
  return phase.type === 'closing' || phase.type === 'closed'
}
