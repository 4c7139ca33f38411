import { msat, pmapValues } from '../base/index.ts'
import { type Channel, channelIdOf, type FundedChannel, spendableMsat } from '../channel/index.ts'
import type { EngineState, Link } from '../engine/index.ts'
import { isUsable } from '../link/index.ts'
import type { ChannelInfo } from './types.ts'

// A channel as users see it.

/** Oldest first. Openings that have no channel yet are left out. */
export function channelInfos(state: EngineState, { closed = false } = {}): readonly ChannelInfo[] {
  return [...pmapValues(state.links)]
    .sort((a, b) => a.index - b.index)
    .flatMap(link => {
      const { channel } = link.state
      if (channel === undefined || channel.state === 'aborted') return []
      return closed || channel.state !== 'closed' ? [channelInfo(link, channel)] : []
    })
}

export function channelInfo(link: Link, channel: Exclude<Channel, { state: 'aborted' }>): ChannelInfo {
  const common = {
    channelId: channelIdOf(channel),
    peer: link.peer,
    peerConnected: link.state.connection === 'connected',
    usable: isUsable(link.state),
    state: channel.state,
  }
  return 'durable' in channel
    ? { ...common, ...funded(link, channel) }
    : {
        ...common,
        role: channel.role,
        capacitySat: channel.fundingAmountSat,
        localMsat: msat(0n),
        remoteMsat: msat(0n),
        spendableMsat: msat(0n),
        receivableMsat: msat(0n),
        htlcs: 0,
        fundingOutpoint: undefined,
        fundingConfirmedHeight: undefined,
        feeratePerKw: channel.feeratePerKw,
        closeReason: undefined,
      }
}

function funded({ state }: Link, { durable }: FundedChannel) {
  const { params, settled, phase, htlcs } = durable
  const isOver = phase.type === 'closing' || phase.type === 'closed'
  return {
    role: params.role,
    capacitySat: params.fundingAmountSat,
    localMsat: settled.localMsat,
    remoteMsat: settled.remoteMsat,
    spendableMsat: phase.type === 'normal' ? spendableMsat(durable, 'local') : msat(0n),
    receivableMsat: phase.type === 'normal' ? spendableMsat(durable, 'remote') : msat(0n),
    htlcs: htlcs.length,
    fundingOutpoint: params.fundingOutpoint,
    fundingConfirmedHeight: state.funding?.height,
    feeratePerKw: durable.feeratePerKw,
    closeReason: isOver ? phase.cause.reason : undefined,
  }
}

/** The sum over channels that are not closed. */
export function channelBalances(state: EngineState): { readonly localMsat: bigint; readonly remoteMsat: bigint } {
  let [localMsat, remoteMsat] = [0n, 0n]
  for (const { state: link } of pmapValues(state.links)) {
    const { channel } = link
    if (channel === undefined || !('durable' in channel)) continue
    if (channel.state === 'closed' || channel.state === 'closing') continue
    localMsat += channel.durable.settled.localMsat
    remoteMsat += channel.durable.settled.remoteMsat
  }
  return { localMsat, remoteMsat }
}
