import { type FeeratePerKw, pmapValues } from '../base/index.ts'
import { dueFeerateOf } from '../link/index.ts'
import { stepLink } from './links.ts'
import type { Work } from './work.ts'

/**
 * Gives the channels that we have opened the feerate that their commitments need now (BOLT 2, updating fees). With each block: feerates
 * are asked for as often, and whose peer is away gets it with a later one. Cost: one pass over the links.
 */
export function followFeerates(work: Work): void {
  const { feerates, limits } = work.context
  const due: { readonly index: number; readonly feeratePerKw: FeeratePerKw }[] = []
  for (const { index, state } of pmapValues(work.state.links)) {
    const feeratePerKw = dueFeerateOf(state, { feerates, limits: limits.channel })
    if (feeratePerKw !== undefined) due.push({ index, feeratePerKw })
  }
  for (const { index, feeratePerKw } of due.sort((a, b) => a.index - b.index))
    stepLink(work, index, { type: 'command', command: { type: 'update_fee', feeratePerKw } })
}
