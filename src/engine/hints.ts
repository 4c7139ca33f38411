import { type Msat, pmapGet, pmapValues } from '../base/index.ts'
import { channelIdOf, type FundedChannel, spendableMsat } from '../channel/index.ts'
import { remotePolicy } from '../gossip/index.ts'
import type { RouteHintHop } from '../invoice/index.ts'
import { isUsable, shortChannelIdOf } from '../link/index.ts'
import { isFunded } from './links.ts'
import type { Link } from './types.ts'
import type { Work } from './work.ts'

// How those find us to whom we are nobody: the private channels that an invoice names (BOLT 11, field `r`).

type Hint = readonly [RouteHintHop]

/**
 * None where a public channel can take the amount: each hint tells whoever reads the invoice of a private channel. Cost: one pass over
 * the links.
 */
export function routeHints(work: Work, amountMsat: Msat | undefined): readonly Hint[] {
  const wanted = amountMsat ?? 1n
  const ways = [...pmapValues(work.state.links)].flatMap(link => wayOf(work, link) ?? [])
  if (ways.some(({ isPublic, isUp, receivable }) => isPublic && isUp && receivable >= wanted)) return []
  return ways
    .flatMap(way => (way.hint === undefined ? [] : [{ ...way, hint: way.hint }]))
    .sort((a, b) => Number(b.isUp) - Number(a.isUp) || Number(b.receivable - a.receivable))
    .slice(0, work.context.limits.engine.maxRouteHints)
    .map(({ hint }) => [hint])
}

function wayOf(work: Work, link: Link) {
  const { channel } = link.state
  if (!isFunded(channel) || channel.state !== 'normal') return undefined
  const isPublic = pmapGet(work.state.gossip.own, channelIdOf(channel))?.progress.isAnnounced === true
  const receivable: bigint = spendableMsat(channel.durable, 'remote')
  return { isPublic, isUp: isUsable(link.state), receivable, hint: isPublic ? undefined : hintOf(work, link, channel) }
}

/** By the name that the peer wants to hear, for what it asks; none before it has told. */
function hintOf(work: Work, link: Link, channel: FundedChannel): RouteHintHop | undefined {
  const asked = remotePolicy(work.state.gossip, channelIdOf(channel))
  const shortChannelId = channel.durable.remoteAlias ?? shortChannelIdOf(link.state)
  if (asked === undefined || shortChannelId === undefined) return undefined
  const { feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta } = asked
  return { nodeId: link.peer, shortChannelId, feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta }
}
