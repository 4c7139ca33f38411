import { type PMap, pmapChanges, pmapEntries, pmapGet, pmapHas } from '../../base/index.ts'
import { channelIdOf, type FundedChannel, type Htlc } from '../../channel/index.ts'
import type { EngineState } from '../../engine/index.ts'
import { DEFAULT_PAYMENT_LIMITS, policyOf } from '../../payment/index.ts'
import type { Complaint, Observer, Turn, WatchedNode } from '../observer.ts'
import { fundedOf, nameOf } from './changedLinks.ts'

const { upstreamDeadlineBlocks } = DEFAULT_PAYMENT_LIMITS

type Forward = EngineState['payments']['forwards'] extends PMap<infer F> ? F : never
type Party = Htlc['offeredBy']

/**
 * What a node passes on goes back only when nobody downstream can take it any more (BOLT 2, forwarding HTLCs): until then the HTLC upstream
 * has no end. What ends on the chain is for the rules of money and payments. And what goes on leaves the fee and the blocks that the node
 * asks for (BOLT 7, HTLC fees; BOLT 2, cltv_expiry_delta selection).
 */
export function forwards(): Observer {
  return {
    name: 'forwards',
    durable: (node, turn) => {
      const { before, after } = turn
      if (node.plan.isAdversary || (before.links === after.links && before.payments === after.payments))
        return undefined
      return openComplaint(node, after) ?? endedComplaint(node, turn) ?? begunComplaint(node, turn)
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

/** By the HTLCs themselves, whatever the record says of them. */
function begunComplaint({ name }: WatchedNode, { before, after }: Turn): Complaint {
  for (const [key, forward] of pmapChanges(before.payments.forwards, after.payments.forwards)) {
    if (pmapHas(before.payments.forwards, key)) continue
    const [inbound, outbound] = [htlcOf(after, 'remote', forward), htlcOf(after, 'local', forward.outbound)]
    const channel = channelAt(after, forward.outbound.link)
    if (inbound === undefined || outbound === undefined || channel === undefined) continue
    // Within a blinded path its maker has written down what is left, with a rounding of its own (BOLT 4, route blinding).
    if (outbound.pathKey !== undefined) continue
    const policy = policyOf(after.payments, channelIdOf(channel), { limits: DEFAULT_PAYMENT_LIMITS })
    const { feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta } = policy
    const feeMsat = feeBaseMsat + (outbound.amountMsat * BigInt(feeProportionalMillionths)) / 1_000_000n
    const [leftMsat, leftBlocks] = [inbound.amountMsat - outbound.amountMsat, inbound.cltvExpiry - outbound.cltvExpiry]
    if (leftMsat < feeMsat)
      return `${name} passes HTLC ${forward.id} on for a fee of ${leftMsat} msat, and asks for ${feeMsat}`
    if (leftBlocks < cltvExpiryDelta)
      return `${name} passes HTLC ${forward.id} on with ${leftBlocks} blocks of its own, and asks for ${cltvExpiryDelta}`
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
