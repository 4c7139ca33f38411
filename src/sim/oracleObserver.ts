import type { Observer } from './observer.ts'
import { Oracle, type OracleOptions } from './oracle.ts'
import type { World } from './world.ts'

/** The executable specification looks on: every turn of the honest nodes of a world is held to it. */
export function specification(world: World, options: OracleOptions | Oracle = {}): Observer {
  const oracle = options instanceof Oracle ? options : new Oracle(options)
  return {
    name: 'the specification',
    deed: ({ deed }) => {
      // The operator's fault, which the channel has to bear: what was durable is gone.
      if (deed.type === 'old_image') oracle.forget(world.nodeAt(deed.who).name)
    },
    turn: (node, turn) => {
      if (!node.plan.isAdversary) oracle.stepped(node.name, turn)
      return undefined
    },
    durable: (node, turn) => (node.plan.isAdversary ? undefined : oracle.turned(node.name, turn)),
    crashed: node => {
      if (!node.plan.isAdversary) oracle.crashed(node.name)
      return undefined
    },
    started: node => (node.plan.isAdversary ? undefined : oracle.started(node.name, node.state)),
  }
}
