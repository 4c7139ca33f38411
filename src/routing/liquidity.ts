import { emptyPMap, type Msat, type PMap, pmapDelete, pmapEntries, pmapGet, pmapSet } from '../base/index.ts'
import type { Direction } from '../gossip/index.ts'
import type { ShortChannelId } from '../wire/index.ts'
import { MAX_REMEMBERED_CHANNELS } from './limits.ts'

// What payments have taught about where the money of others stands in their channels. A channel of capacity c holds x on the side of
// `node_id_1` and c - x on the other: one interval for x says all that is known of both directions. Where nothing is known, every x is
// as likely as any other; between two bounds as well. With time the bounds move back to where nothing is known.

/** By short_channel_id. Plain data: what a restart forgets is learnt again. */
export type Liquidity = PMap<Knowledge>

/** Of what the side of `node_id_1` holds, in msat, as it was known at `at`. */
export interface Knowledge {
  readonly low: number
  readonly high: number
  readonly capacity: number
  /** Milliseconds. */
  readonly at: number
}

/** One HTLC at one channel on its way. `passed`: the channel had the amount. `failed`: it had less. `settled`: it moved. */
export interface Lesson {
  readonly shortChannelId: ShortChannelId
  readonly direction: Direction
  readonly amountMsat: Msat
  readonly capacityMsat: Msat
  readonly outcome: 'passed' | 'failed' | 'settled'
  readonly now: number
}

/** The time after which a bound has moved half of the way back: an hour says much, a week nothing. */
export const HALF_LIFE_MS = 6 * 3_600_000

export const NOTHING_LEARNT: Liquidity = emptyPMap()

/** Bounds that contradict each other give way to the newest lesson. */
export function learn(known: Liquidity, lesson: Lesson): Liquidity {
  const capacity = Number(lesson.capacityMsat)
  const amount = Math.min(Number(lesson.amountMsat), capacity)
  const before = pmapGet(known, lesson.shortChannelId) ?? { low: 0, high: capacity, capacity, at: lesson.now }
  const now = decayed({ ...before, capacity }, lesson.now)
  const sent = lesson.direction === 0 ? now : mirrored(now)
  const taught = lessonOn(sent, amount, lesson.outcome)
  const next = lesson.direction === 0 ? taught : mirrored(taught)
  return withoutOldest(pmapSet(known, lesson.shortChannelId, next))
}

/** Seen from the side that sends. */
function lessonOn(knowledge: Knowledge, amount: number, outcome: Lesson['outcome']): Knowledge {
  const { low, high, capacity } = knowledge
  switch (outcome) {
    case 'passed':
      return { ...knowledge, low: Math.max(low, amount), high: Math.max(high, amount) }
    case 'failed': {
      const below = Math.max(amount - 1, 0)
      return { ...knowledge, low: Math.min(low, below), high: Math.min(high, below) }
    }
    case 'settled':
      return { ...knowledge, low: Math.max(low - amount, 0), high: clamped(Math.max(high, amount) - amount, capacity) }
  }
}

/** The same knowledge as it is worth later. */
export function decayed(knowledge: Knowledge, now: number): Knowledge {
  const { low, high, capacity, at } = knowledge
  const left = 2 ** (-Math.max(now - at, 0) / HALF_LIFE_MS)
  return {
    low: clamped(Math.floor(low * left), capacity),
    high: clamped(Math.ceil(capacity - (capacity - high) * left), capacity),
    capacity,
    at: now,
  }
}

/** The same knowledge as the other side has it. */
export function mirrored({ low, high, capacity, at }: Knowledge): Knowledge {
  return { low: capacity - high, high: capacity - low, capacity, at }
}

/**
 * How likely the sending side has `amount`, if it has between `low` and `high` and each amount is as likely: 1 up to `low`, 0 above
 * `high`.
 */
export function chanceOf(amount: number, { low, high }: Pick<Knowledge, 'low' | 'high'>): number {
  if (amount <= low) return 1
  return amount > high ? 0 : (high + 1 - amount) / (high + 1 - low)
}

function clamped(amount: number, capacity: number): number {
  return Math.min(Math.max(amount, 0), capacity)
}

/** Cost: once for each half of the bound. */
function withoutOldest(known: Liquidity): Liquidity {
  if (known.size <= MAX_REMEMBERED_CHANNELS) return known
  const oldest = [...pmapEntries(known)].toSorted(([, a], [, b]) => a.at - b.at).slice(0, MAX_REMEMBERED_CHANNELS / 2)
  return oldest.reduce((left, [key]) => pmapDelete(left, key), known)
}
