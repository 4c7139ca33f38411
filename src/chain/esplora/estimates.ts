import { type Answer, lie, value } from '../checked/answer.ts'
import { DEAREST_SAT_PER_VB } from '../checked/feerate.ts'

/** By target in blocks, the nearest one first. */
type Estimates = readonly (readonly [target: number, satPerVb: number])[]

export function readEstimates(json: unknown): Answer<Estimates> {
  if (typeof json !== 'object' || json === null) return lie('something else than estimates of fees')
  const read: [number, number][] = []
  for (const [target, rate] of Object.entries(json)) {
    if (!/^\d{1,4}$/.test(target) || typeof rate !== 'number' || !(rate > 0 && rate <= DEAREST_SAT_PER_VB))
      return lie('a feerate that cannot be')
    read.push([Number(target), rate])
  }
  return value(read.toSorted(([a], [b]) => a - b))
}

/** That of the farthest target which is near enough; of the nearest one where none is. */
export function estimateFor(all: Estimates, targetBlocks: number): number | undefined {
  return (all.findLast(([target]) => target <= targetBlocks) ?? all[0])?.[1]
}
