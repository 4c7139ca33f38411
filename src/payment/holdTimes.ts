import type { NodeId } from '../base/index.ts'
import type { RouteHop } from '../routing/index.ts'

/** How long a node on the way says that it has held an HTLC (BOLT 4, initialization of attribution_data). */
export interface HoldTime {
  readonly nodeId: NodeId
  /** In steps of 100; 0 is also said by those who do not know. */
  readonly holdTimeMs: number
}

/** BOLT 4, initialization of attribution_data. */
export const HOLD_TIME_UNIT_MS = 100

/** Of the first nodes of the way, as far as their word holds. `units`: of 100 ms each. */
export function holdTimesOf(hops: readonly RouteHop[], units: readonly number[]): readonly HoldTime[] {
  return hops
    .slice(0, units.length)
    .map(({ nodeId }, hop) => ({ nodeId, holdTimeMs: (units[hop] ?? 0) * HOLD_TIME_UNIT_MS }))
}
