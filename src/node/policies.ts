import { type ChannelId, pmapValues } from '../base/index.ts'
import type { EngineState, Link } from '../engine/index.ts'
import { type Policy, policyOf } from '../payment/index.ts'
import type { NodeDesk } from './desk.ts'
import { noChannel } from './lookups.ts'
import { replyOf } from './requests.ts'
import type { ChannelPolicy, PolicyRequest } from './types.ts'

// What we ask for passing payments on, channel by channel.

/** Of every channel that is open or opens, the oldest first. */
export function policies(desk: NodeDesk): readonly ChannelPolicy[] {
  const limits = desk.context().limits.payment
  return fundedLinks(desk.state()).map(({ channelId, link }) =>
    policyInfo(link, channelId, policyOf(desk.state().payments, channelId, { limits })),
  )
}

export async function setPolicy(desk: NodeDesk, { channelId, ...change }: PolicyRequest): Promise<ChannelPolicy> {
  const link = fundedLinks(desk.state()).find(each => each.channelId === channelId)?.link
  if (link === undefined) throw noChannel(channelId)
  const reply = await desk.ask(request => ({
    type: 'payment',
    input: { type: 'set_policy', request, channelId, ...change },
  }))
  return policyInfo(link, channelId, replyOf(reply, 'policy').policy)
}

interface FundedLink {
  readonly channelId: ChannelId
  readonly link: Link
}

function fundedLinks(state: EngineState): readonly FundedLink[] {
  return [...pmapValues(state.links)]
    .sort((a, b) => a.index - b.index)
    .flatMap(link => {
      const { channel } = link.state
      if (channel === undefined || !('durable' in channel)) return []
      if (channel.state === 'closing' || channel.state === 'closed') return []
      return [{ channelId: channel.durable.params.channelId, link }]
    })
}

function policyInfo({ peer }: Link, channelId: ChannelId, { updatedAt, ...policy }: Policy): ChannelPolicy {
  return {
    channelId,
    peer,
    feeBaseMsat: policy.feeBaseMsat,
    feeProportionalMillionths: policy.feeProportionalMillionths,
    cltvExpiryDelta: policy.cltvExpiryDelta,
    htlcMinimumMsat: policy.htlcMinimumMsat,
    htlcMaximumMsat: policy.htlcMaximumMsat,
    disabled: policy.disabled,
    updatedAt: updatedAt === 0 ? undefined : updatedAt,
  }
}
