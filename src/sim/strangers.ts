import { pmapGet } from '../base/index.ts'
import type { SimNode } from './node.ts'

/** Pairs with a channel who have met by chance and lost each other: neither has an address of the other, so a user has to tell one. */
export function strangers(nodes: readonly SimNode[]): readonly (readonly [SimNode, SimNode])[] {
  return nodes.flatMap(node => {
    const peers = new Set(node.links.map(({ peer }) => peer))
    return nodes.flatMap(other => {
      if (node.name >= other.name || !peers.has(other.id)) return []
      const [ours, theirs] = [stateOf(node, other), stateOf(other, node)]
      const isLost = [ours, theirs].every(state => state?.line.type !== 'up' && !state?.dial.addresses.length)
      return isLost ? [[node, other] as const] : []
    })
  })
}

function stateOf(node: SimNode, other: SimNode) {
  return pmapGet(node.state.peers, other.id)?.state
}
