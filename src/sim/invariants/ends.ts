import { outPointKey } from '../../base/index.ts'
import { channelIdOf, type FundedChannel } from '../../channel/index.ts'
import { linksOf } from '../node.ts'
import type { Complaint, Observer, WatchedNode } from '../observer.ts'
import type { World } from '../world.ts'
import { fundedOf, nameOf } from './changedLinks.ts'
import { channelOf } from './conservation.ts'

/** Invariant 11, seen from both sides: a channel that has ended on the chain, or for one side, is `normal` for nobody at rest. */
export function ends(world: World): Observer {
  return {
    name: 'ends of channels',
    rest: () => {
      for (const node of world.honest) {
        for (const link of linksOf(node.state)) {
          const channel = fundedOf(link)
          if (channel?.state !== 'normal') continue
          const complaint = chainComplaint(world, node, channel) ?? peerComplaint(world, node, channel, link.peer)
          if (complaint !== undefined) return complaint
        }
      }
      return undefined
    },
  }
}

function chainComplaint({ chain }: World, { name }: WatchedNode, channel: FundedChannel): Complaint {
  const { fundingOutpoint } = channel.durable.params
  if (chain.utxo(fundingOutpoint) !== undefined) return undefined
  const spender = chain.spendingTx(fundingOutpoint)
  return `${nameOf(channel)} is normal for ${name}, and its funding output ${outPointKey(fundingOutpoint)} is ${spender === undefined ? 'not on the chain' : `spent by ${spender.txid}`}`
}

function peerComplaint(
  { honest, lost }: World,
  { name }: WatchedNode,
  channel: FundedChannel,
  peer: string,
): Complaint {
  const other = honest.find(({ id }) => id === peer)
  if (other === undefined || lost.has(other)) return undefined
  const theirs = channelOf(other, channelIdOf(channel))
  if (theirs?.state === 'normal') return undefined
  return `${nameOf(channel)} is normal for ${name} at rest, and ${theirs?.state ?? 'unknown'} for ${other.name}`
}
