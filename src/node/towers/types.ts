import type { NodeId } from '../../base/index.ts'

/** How one tower of a node is. */
export interface TowerInfo {
  readonly nodeId: NodeId
  readonly connected: boolean
  /** Revoked commitments that the tower does not have yet. */
  readonly waiting: number
  /** Why it keeps no more, in its words. */
  readonly refusal?: string
}
