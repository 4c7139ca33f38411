import type { Plan } from './plan.ts'

/** Runs of a plan that are tried at most: each takes as long as a seed. */
const MAX_TRIALS = 300

export interface Shrunk {
  readonly plan: Plan
  readonly trials: number
}

/**
 * The shortest plan that still fails in the same way, as far as leaving things out finds it: first halves of the deeds, then quarters,
 * down to single ones; then what comes after the faults. Ids of deeds stay, so what is drawn in those that are left does not change.
 */
export function shrink(plan: Plan, fails: (plan: Plan) => boolean): Shrunk {
  let best = plan
  let trials = 0
  const isBetter = (candidate: Plan): boolean => {
    if (trials >= MAX_TRIALS) return false
    trials += 1
    if (!fails(candidate)) return false
    best = candidate
    return true
  }
  for (let size = Math.ceil(plan.deeds.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = best.deeds.length - size; start > -size; start -= size) {
      const [from, to] = [Math.max(start, 0), Math.max(start + size, 0)]
      if (from === to) continue
      isBetter({ ...best, deeds: best.deeds.filter((_, index) => index < from || index >= to) })
    }
  }
  for (let index = best.channels.length - 1; index >= 0; index--)
    isBetter({ ...best, channels: best.channels.filter((_, each) => each !== index) })
  if (best.closesAll) isBetter({ ...best, closesAll: false })
  return { plan: best, trials }
}
