import { type ChannelId, type NodeId, pmapValues } from '../base/index.ts'
import { channelIdOf, type FundedChannel } from '../channel/index.ts'
import type { OwnChannelFacts } from '../gossip/index.ts'
import { isUsable, shortChannelIdOf } from '../link/index.ts'
import { amountsOf, policyOf } from '../payment/index.ts'
import { stepGossip } from './gossip.ts'
import { isFunded } from './links.ts'
import { wayOver } from './outgoing.ts'
import type { Link } from './types.ts'
import { linkAt, type Work } from './work.ts'

// What the gossip hears of our own channels: whether others may know them, and what we ask for passing payments on.

export function tellOfChannel(work: Work, index: number): void {
  const link = linkAt(work, index)
  const channel = link?.state.channel
  if (link === undefined || !isFunded(channel)) return
  if (channel.state === 'closed') stepGossip(work, { type: 'own_channel_gone', channelId: channelIdOf(channel) })
  else stepGossip(work, { type: 'own_channel', facts: factsOf(work, link, channel) })
}

/** Our user asks for something else. One pass over the links: that is seldom. */
export function tellOfPolicy(work: Work, channelId: ChannelId): void {
  for (const { index, state } of pmapValues(work.state.links)) {
    if (isFunded(state.channel) && channelIdOf(state.channel) === channelId) tellOfChannel(work, index)
  }
}

/** After a start. */
export function tellOfAll(work: Work): void {
  const { nodeId, features, self } = work.context
  const node = { alias: nodeId.slice(0, NAME_DIGITS), rgbColor: colorOf(nodeId), addresses: [], ...self }
  stepGossip(work, { type: 'own_node', node: { ...node, features } })
  for (const { index, state } of [...pmapValues(work.state.links)].sort((a, b) => a.index - b.index)) {
    if (isFunded(state.channel) && state.channel.state !== 'closed') tellOfChannel(work, index)
  }
}

/** As other implementations name a node that has no name. */
const NAME_DIGITS = 20
const colorOf = (nodeId: NodeId): Uint8Array =>
  Uint8Array.from([2, 4, 6], at => Number.parseInt(nodeId.slice(at, at + 2), 16))

function factsOf(work: Work, link: Link, channel: FundedChannel): OwnChannelFacts {
  const { state, durable } = channel
  const { params, ready } = durable
  const way = wayOver(work, link, channel)
  const policy = policyOf(work.state.payments, params.channelId, { limits: work.context.limits.payment })
  const shortChannelId = shortChannelIdOf(link.state)
  return {
    channelId: params.channelId,
    peer: link.peer,
    isPublic: params.announce,
    fundingTxid: params.fundingOutpoint.txid,
    capacitySat: params.fundingAmountSat,
    localFundingPubkey: params.local.basepoints.fundingPubkey,
    remoteFundingPubkey: params.remote.basepoints.fundingPubkey,
    ...(shortChannelId !== undefined && { shortChannelId }),
    ...(link.alias !== undefined && { localAlias: link.alias }),
    ...(durable.remoteAlias !== undefined && { remoteAlias: durable.remoteAlias }),
    isReady: ready.local && ready.remote,
    isUp: isUsable(link.state),
    isClosing: way.standing === 'closing' || state === 'closed',
    isDisabled: policy.disabled,
    policy: {
      cltvExpiryDelta: policy.cltvExpiryDelta,
      feeBaseMsat: policy.feeBaseMsat,
      feeProportionalMillionths: policy.feeProportionalMillionths,
      ...amountsOf(way, policy),
    },
  }
}
