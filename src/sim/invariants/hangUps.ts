import type { Observer, WatchedNode } from '../observer.ts'
import type { World } from '../world.ts'

/** Why a node may end a connection with an honest one: how these reasons begin. What a channel asks for it has said in a warning. */
const REASONS: readonly string[] = [
  'of two connections the one that',
  'expected init within',
  'expected a pong within',
  'the user asked for it',
  'nobody wants it any more',
  'this node has as many connections as it can bear',
  'a channel asks for it',
]

/**
 * Invariant 6, in connections: among honest nodes nobody ends one over what the other has said, since nothing of it is wrong. What another
 * connection has carried would be.
 */
export function hangUps(world: World): Observer {
  /** By node and connection: who is at the other end. */
  const peers = new Map<string, string>()
  const keyOf = (node: WatchedNode, connection: number): string => `${node.name} ${connection}`
  const isHonest = (id: string | undefined): boolean =>
    world.honest.some(each => each.id === id && !world.lost.has(each))
  return {
    name: 'connections go on',
    connected: (node, connection, peer) => {
      peers.set(keyOf(node, connection), peer)
      return undefined
    },
    ended: (node, connection) => {
      peers.delete(keyOf(node, connection))
      return undefined
    },
    durable: (node, { effects }) => {
      for (const effect of effects) {
        if (effect.type !== 'close' || REASONS.some(reason => effect.reason.startsWith(reason))) continue
        const peer = peers.get(keyOf(node, effect.connection))
        if (isHonest(node.id) && isHonest(peer))
          return `${node.name} has ended a connection with an honest node: ${effect.reason}`
      }
      return undefined
    },
  }
}
