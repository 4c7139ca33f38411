import type { Random } from '../random.ts'
import { APP_FAULTS, type AppFault, type AppFaults } from './options.ts'

/** Faults fall between what the nodes do: up to so long after the commit at which they were drawn. */
const MOST_MS = 60
const IN_COMMITS = 100
/** How likely a kind is to be switched on in a seed, and how often it comes then at most. */
const SWITCHED_ON = 0.5
const HIGHEST: Readonly<Record<AppFault, number>> = {
  cut: 4,
  stall: 3,
  half_open: 1,
  second_connection: 1,
  crash: 3,
  sync_fault: 1,
  reorg: 1,
  lag: 1,
  feerate: 1,
  chain_away: 1,
}

/** The mixture of a seed. */
export function mixtureOf(random: Random): AppFaults {
  const chosen = APP_FAULTS.flatMap(kind =>
    random.chance(SWITCHED_ON) ? [[kind, HIGHEST[kind] * random.next()] as const] : [],
  )
  return Object.fromEntries(chosen)
}

/**
 * Draws the faults of a world. They come with the commits of its nodes and not with time: so they meet what is under way, and a world
 * in which nothing happens has none.
 */
export class Weather {
  readonly #faults: AppFaults
  readonly #random: Random
  readonly #strike: (afterMs: number, fault: AppFault, random: Random) => void
  #drawn = 0
  isOn = false

  constructor(faults: AppFaults, random: Random, strike: (afterMs: number, fault: AppFault, random: Random) => void) {
    this.#faults = faults
    this.#random = random
    this.#strike = strike
  }

  /** To be told of each commit. */
  committed(): void {
    if (!this.isOn) return
    for (const kind of APP_FAULTS) {
      const rate = this.#faults[kind] ?? 0
      if (rate === 0 || !this.#random.chance(rate / IN_COMMITS)) continue
      this.#drawn += 1
      this.#strike(this.#random.below(MOST_MS), kind, this.#random.split(`${kind} ${this.#drawn}`))
    }
  }
}
