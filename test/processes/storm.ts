import { setTimeout as pause } from 'node:timers/promises'
import type { Daemon } from './daemon.ts'
import type { Random } from './random.ts'

// Death at random moments: one process or both in the same instant, also while it starts.

const BOTH = 0.2
/** So many die again before they are ready. */
const WHILE_STARTING = 0.15
const LONGEST_START_MS = 1_500

interface Storm {
  readonly daemons: readonly Daemon[]
  readonly kills: number
  /** From when all are ready to the next death, in milliseconds, at most. */
  readonly longestPauseMs: number
  readonly random: Random
}

/** Resolves when so many processes were killed, or one more, and all are ready again. */
export async function storm({ daemons, kills, longestPauseMs, random }: Storm): Promise<number> {
  let killed = 0
  while (killed < kills) {
    await pause(random.between(0, longestPauseMs))
    const victims = random.chance(BOTH) ? daemons : [random.of(daemons)]
    killed += victims.length
    // All of them in one instant, before anything is waited for.
    await Promise.all(victims.map(victim => victim.kill()))
    while (killed < kills && random.chance(WHILE_STARTING)) {
      const starting = victims.map(victim => victim.start())
      await pause(random.between(0, LONGEST_START_MS))
      killed += victims.length
      await Promise.all(victims.map(victim => victim.kill()))
      await Promise.all(starting)
    }
    await Promise.all(victims.map(victim => victim.start()))
  }
  return killed
}
