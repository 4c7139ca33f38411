// What a deed is about, drawn.
import type { Random } from './random.ts'

/** In a world of neighbours most deeds are about the first two nodes, so that much meets on one channel. */
const AMONG_NEIGHBOURS = 0.7

/** Two nodes, the first of them as it is given. */
export function pairOf(
  nodes: number,
  isOfNeighbours: boolean,
  random: Random,
  given?: number,
): readonly [number, number] {
  if (given === undefined && isOfNeighbours && random.chance(AMONG_NEIGHBOURS)) {
    const one = random.below(2)
    return [one, 1 - one]
  }
  const who = given ?? random.below(nodes)
  return [who, (who + 1 + random.below(nodes - 1)) % nodes]
}

export function againSoon(random: Random): { readonly againAfterMs?: number } {
  return random.chance(0.3) ? { againAfterMs: random.pick([0, 200, 5_000, 70_000]) } : {}
}

/** From one millisatoshi to more than most channels hold, dust and its limits more often than chance would have it. */
export function amountMsat(random: Random): number {
  if (random.chance(0.25))
    return random.pick([353_999, 354_000, 354_001, 546_000, 1_000_000, 1_063_000]) + random.pick([0, 1, 999])
  return Math.max(1, Math.floor(10 ** (random.next() * 8.3)))
}
