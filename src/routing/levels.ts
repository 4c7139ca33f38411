import { value } from './labels.ts'
import type { Topology } from './topology.ts'

/** As far as nodes are told apart: whatever is farther away counts as this far. */
const FARTHEST = 4

interface From {
  readonly topology: Topology
  /** Rows of nodes, then those that the graph does not have. */
  readonly nodeCount: number
  readonly payer: number
  /** By the node that they lead to. */
  readonly firstHops: ReadonlyMap<number, unknown>
}

/**
 * How many hops there are at least between us and each node, whatever the channels on the way can carry. Each hop costs something, so a
 * search from the other end knows early which ways cannot become the cheapest. Cost: a look at the channels of all nodes that are nearer
 * than the farthest, which is less than a search saves by it.
 */
export function levelsOf({ topology, nodeCount, payer, firstHops }: From): Uint8Array {
  const { starts, froms } = topology
  const levels = new Uint8Array(nodeCount).fill(FARTHEST)
  let nodes = [...firstHops.keys()]
  for (const node of nodes) levels[node] = 1
  for (let level = 2; level < FARTHEST; level++) {
    const next: number[] = []
    for (const node of nodes) {
      // Only the graph knows channels of a node; no way leads through ourselves.
      if (node + 1 >= starts.length || node === payer) continue
      const end = value(starts, node + 1)
      for (let at = value(starts, node); at < end; at++) {
        // Each channel leads both ways here, even where one of them is shut.
        const neighbour = value(froms, at)
        if (value(levels, neighbour) <= level) continue
        levels[neighbour] = level
        next.push(neighbour)
      }
    }
    nodes = next
  }
  return levels
}
