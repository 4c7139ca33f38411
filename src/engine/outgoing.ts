import { type ChannelId, type NodeId, pmapGet, pmapValues, satToMsat } from '../base/index.ts'
import { channelIdOf, type FundedChannel, spendableMsat } from '../channel/index.ts'
import { trimLimitMsat } from '../commitment/index.ts'
import { isUsable, shortChannelIdOf } from '../link/index.ts'
import type { NextHop } from '../onion/index.ts'
import type { Candidate, Outgoing } from '../payment/index.ts'
import { isFunded } from './links.ts'
import { isNegotiatedWith, peerEntry } from './peerEntries.ts'
import { aliasOf } from './shortIds.ts'
import type { Link } from './types.ts'
import { linkAt, type Work } from './work.ts'

// What the payments ask of the channels before an HTLC goes out: one of ours, or somebody else's that goes on.

/** The channels with a peer that a payment of ours could take now. Cost: one pass over them and their HTLCs. */
export function candidates(work: Work, peer: NodeId): readonly Candidate[] {
  return peerEntry(work, peer).links.flatMap(index => candidate(work, linkAt(work, index)))
}

/** The same with all peers. */
export function firstHops(work: Work): readonly Candidate[] {
  return [...pmapValues(work.state.links)].sort((a, b) => a.index - b.index).flatMap(link => candidate(work, link))
}

function candidate({ context }: Work, link: Link | undefined): readonly Candidate[] {
  const channel = link?.state.channel
  if (link === undefined || !isFunded(channel) || !isUsable(link.state)) return []
  const { channelId, remote } = channel.durable.params
  return [
    {
      link: link.index,
      channelId,
      nodeId: link.peer,
      // Nobody but us and our users reads it.
      shortChannelId: shortChannelIdOf(link.state) ?? link.alias ?? aliasOf(context.channelSeed, channelId),
      spendableMsat: spendableMsat(channel.durable, 'local'),
      htlcMinimumMsat: remote.htlcMinimumMsat,
    },
  ]
}

/** The channels to where an onion says: the one that it names first, then the others with the same peer. Cost: one pass over those. */
export function outgoing(work: Work, nextHop: NextHop): readonly Outgoing[] {
  if (nextHop.type === 'node') return ways(work, nextHop.nodeId)
  const index = pmapGet(work.state.shortIds, nextHop.shortChannelId)
  const named = index === undefined ? undefined : linkAt(work, index)
  return named === undefined ? [] : ways(work, named.peer, named)
}

function ways(work: Work, peer: NodeId, named?: Link): readonly Outgoing[] {
  const others = peerEntry(work, peer).links.flatMap(index =>
    index === named?.index ? [] : (linkAt(work, index) ?? []),
  )
  return [...(named === undefined ? [] : [named]), ...others].flatMap(link => {
    const { channel } = link.state
    return isFunded(channel) && isReady(channel) ? [wayOver(work, link, channel)] : []
  })
}

function isReady({ durable: { ready } }: FundedChannel): boolean {
  return ready.local && ready.remote
}

/** What an HTLC could find there. */
export function wayOver(work: Work, link: Link, { state, durable }: FundedChannel): Outgoing {
  const { params, feeratePerKw } = durable
  const { local, remote, format } = params
  const capacityMsat = satToMsat(params.fundingAmountSat)
  const isBounded = remote.maxHtlcValueInFlightMsat < capacityMsat
  // We offer it: on our own commitment an HTLC-timeout takes it, on theirs an HTLC-success.
  const ours = trimLimitMsat('offered', { format, dustLimitSat: local.dustLimitSat, feeratePerKw })
  const theirs = trimLimitMsat('received', { format, dustLimitSat: remote.dustLimitSat, feeratePerKw })
  const isOursDustier = ours > theirs
  const isOpen = state === 'normal' || state === 'wait_for_channel_ready' || state === 'wait_for_funding_confirmed'
  return {
    link: link.index,
    channelId: params.channelId,
    peer: link.peer,
    standing: isUsable(link.state) ? 'usable' : isOpen ? 'away' : 'closing',
    announced: params.announce,
    takesPathKey: isNegotiatedWith(work, link.peer, 'option_route_blinding'),
    spendableMsat: spendableMsat(durable, 'local'),
    htlcMinimumMsat: remote.htlcMinimumMsat,
    htlcMaximumMsat: isBounded ? remote.maxHtlcValueInFlightMsat : capacityMsat,
    dustLimitMsat: isOursDustier ? ours : theirs,
    createdAt: link.createdAt,
  }
}

/** One pass over the links: users ask seldom. */
export function hasChannel(work: Work, channelId: ChannelId): boolean {
  for (const { state } of pmapValues(work.state.links)) {
    if (isFunded(state.channel) && channelIdOf(state.channel) === channelId) return true
  }
  return false
}

export function isClosing(work: Work, index: number): boolean {
  const channel = linkAt(work, index)?.state.channel
  return channel === undefined || channel.state === 'closing' || channel.state === 'closed'
}
