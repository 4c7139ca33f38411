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

/** When the user of a payee decides what becomes of a payment, and whether it takes it. */
export interface Hold {
  /** So many milliseconds after what it waits for; where that is nothing, after its invoice was made. */
  readonly ms: number
  readonly settles: boolean
  readonly awaits?: Awaited
  /** It does not wait until all of it has come, and asks again and again. */
  readonly isImpatient?: boolean
}

/** A channel that the payment came over ends on the chain, whoever's it is; or only so many blocks are left before the payment expires. */
export type Awaited = { readonly type: 'close' } | { readonly type: 'expiry'; readonly blocks: number }

/** So many users are impatient. */
const IMPATIENT = 0.25
/** Around the deadline at which a node gives back what it holds: 24 blocks before it expires. */
const BLOCKS_LEFT = [30, 26, 25, 24, 22, 18, 12, 4, 0]

/** What makes it hard for the node of a user who holds. */
export function hardHoldOf(random: Random): Pick<Hold, 'awaits' | 'isImpatient'> {
  if (random.chance(IMPATIENT)) return { isImpatient: true }
  const isClose = random.chance(0.6)
  return { awaits: isClose ? { type: 'close' } : { type: 'expiry', blocks: random.pick(BLOCKS_LEFT) } }
}
