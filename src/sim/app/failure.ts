import { BrokenRule } from '../watch.ts'

/** Why a world has ended a run: the message has the seed, the time, and what had gone wrong in the world before. */
export class WorldFailure extends Error {
  readonly seed: string
  /** Milliseconds since the world began. */
  readonly atMs: number
  /** The rule that was broken, where it was one of the world's. */
  readonly rule: string | undefined

  constructor(cause: unknown, at: { readonly seed: string; readonly atMs: number; readonly story: readonly string[] }) {
    const what = cause instanceof Error ? cause.message : String(cause)
    const rule = cause instanceof BrokenRule ? cause.rule : undefined
    const story = at.story.length === 0 ? '' : `\nWhat had happened in the world:\n  ${at.story.join('\n  ')}`
    const heading = rule === undefined ? '' : `The rule "${rule}" is broken: `
    super(`Seed ${at.seed}, after ${(at.atMs / 1000).toFixed(3)} s: ${heading}${what}${story}`, { cause })
    this.name = 'WorldFailure'
    this.seed = at.seed
    this.atMs = at.atMs
    this.rule = rule
  }
}
