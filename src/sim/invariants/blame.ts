import type { NodeId } from '../../base/index.ts'
import type { Complaint, Observer } from '../observer.ts'
import type { World } from '../world.ts'

/**
 * Where a reason comes back that nobody has signed, the attribution data lead to who has spoilt it, or to the one before (BOLT 4, origin
 * node): of those whom an honest sender suspects one does not play by the rules, or is on an older image.
 */
export function blame(world: World): Observer {
  const isHonest = (id: NodeId) => world.honest.some(node => node.id === id && !world.lost.has(node))
  const nameOf = (id: NodeId) => world.nodes.find(node => node.id === id)?.name ?? id
  return {
    name: 'blame',
    durable: (node, { effects }): Complaint => {
      if (node.plan.isAdversary) return undefined
      for (const effect of effects) {
        if (effect.type !== 'progress' || effect.progress.type !== 'part_failed') continue
        const { suspects, paymentHash } = effect.progress
        if (suspects === undefined || !suspects.every(isHonest)) continue
        return `${node.name} takes ${suspects.map(nameOf).join(' or ')} for who has spoilt the reason of ${paymentHash.slice(0, 8)}`
      }
      return undefined
    },
  }
}
