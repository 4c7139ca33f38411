import type { Random } from './random.ts'

// How large a world is, where nobody says so. A deed brings some 17 events of the clock with it, so the deeds of a small world bring some
// 400. Most that can go wrong needs few deeds; what needs many is looked for in some deep worlds. See docs/decisions.

const LEAST_DEEDS = 10
const MOST_DEEDS = 40
const SHARE_OF_DEEP = 0.03
const DEEDS_OF_DEEP = 400

/** The deeds of a seed. */
export function deedsOf(seed: Random): number {
  const size = seed.split('size')
  return size.chance(SHARE_OF_DEEP) ? DEEDS_OF_DEEP : size.between(LEAST_DEEDS, MOST_DEEDS)
}
