import { pmapValues } from '../../base/index.ts'
import { channelIdOf, type FundedChannel } from '../../channel/index.ts'
import type { Link } from '../../engine/index.ts'
import { linksOf } from '../node.ts'
import type { Complaint, Observer, WatchedNode, WatchedWorld } from '../observer.ts'
import { isFundedOtherwise } from '../shortFunding.ts'
import { changedLinks } from './changedLinks.ts'

/**
 * Invariant 1, in channels: what both sides have is the capacity, at every commit; the funding output holds as much in each channel that a
 * node has called ready; and at rest both sides say the same.
 */
export function conservation(world: WatchedWorld): Observer {
  return {
    name: 'conservation',
    durable: (node, turn) => {
      for (const { after } of changedLinks(turn)) {
        const complaint = partsComplaint(node, after) ?? fundingComplaint(world, node, after)
        if (complaint !== undefined) return complaint
      }
      return undefined
    },
    rest: () => {
      for (const node of world.honest) {
        for (const link of linksOf(node.state)) {
          const complaint = viewComplaint(world, node, link)
          if (complaint !== undefined) return complaint
        }
      }
      return undefined
    },
  }
}

function partsComplaint(node: WatchedNode, { state: { channel } }: Link): Complaint {
  if (channel === undefined || !('durable' in channel)) return undefined
  const { settled, params } = channel.durable
  const sum = settled.localMsat + settled.remoteMsat
  const capacity = params.fundingAmountSat * 1000n
  const name = `channel ${channelIdOf(channel).slice(0, 8)} of ${node.name}`
  return sum === capacity ? undefined : `${name} holds ${capacity} msat, and its parts are ${sum} msat`
}

/** BOLT 2, channel_ready, sender: from here on a node lets its peer spend what the funding output is said to hold. */
function fundingComplaint({ chain }: WatchedWorld, node: WatchedNode, { state: { channel } }: Link): Complaint {
  if (node.plan.isAdversary || channel === undefined || !('durable' in channel)) return undefined
  const { params, ready } = channel.durable
  if (!ready.local || !isFundedOtherwise(chain, params)) return undefined
  const name = `channel ${channelIdOf(channel).slice(0, 8)}`
  return `${node.name} has called ${name} of ${params.fundingAmountSat} sat ready, and its funding output holds ${chain.output(params.fundingOutpoint)?.amountSat ?? 0} sat`
}

function viewComplaint(world: WatchedWorld, node: WatchedNode, { peer, state: { channel } }: Link): Complaint {
  if (channel?.state !== 'normal') return undefined
  const other = world.honest.find(({ id }) => id === peer)
  const theirs = other === undefined ? undefined : channelOf(other, channelIdOf(channel))
  if (other === undefined || theirs?.state !== 'normal') return undefined
  const [ours, mirrored] = [channel.durable.settled, theirs.durable.settled]
  if (ours.localMsat === mirrored.remoteMsat && ours.remoteMsat === mirrored.localMsat) return undefined
  const seen = `${ours.localMsat}/${ours.remoteMsat} and ${mirrored.remoteMsat}/${mirrored.localMsat} msat`
  return `${node.name} and ${other.name} hold different balances at rest of channel ${channelIdOf(channel).slice(0, 8)}: ${seen}`
}

export function channelOf(node: WatchedNode, channelId: string): FundedChannel | undefined {
  for (const { state } of pmapValues(node.state.links)) {
    const { channel } = state
    if (channel !== undefined && 'durable' in channel && channelIdOf(channel) === channelId) return channel
  }
  return undefined
}
