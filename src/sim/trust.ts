// Channels that are used before they are confirmed, in worlds whose honest nodes trust each other.
import type { SimNode } from './node.ts'
import type { OpeningManner } from './twists.ts'

/** Who is not trusted does not ask to be, unless it is hostile. */
export function askedFor(manner: OpeningManner | undefined, from: SimNode, to: SimNode): OpeningManner {
  const { zeroConf, ...others } = manner ?? {}
  const asks = zeroConf !== undefined && (from.plan.isAdversary || to.trustZeroConf.has(from.id))
  return { ...others, ...(asks && { zeroConf }) }
}
