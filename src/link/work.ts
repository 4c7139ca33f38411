import type { ChannelFailure } from '../channel/index.ts'
import type { LinkEffect, LinkState, LinkStep, LinkWrite } from './types.ts'

/** A step of the link while it is put together out of steps of its rooms. Each part returns a new one. */
export interface Work {
  readonly state: LinkState
  readonly writes: readonly LinkWrite[]
  readonly effects: readonly LinkEffect[]
  readonly failure?: ChannelFailure
}

export function begin(state: LinkState): Work {
  return { state, writes: [], effects: [] }
}

export function finish({ state, ...out }: Work): LinkStep {
  return { next: state, ...out }
}

export function withEffects(work: Work, effects: readonly LinkEffect[]): Work {
  return effects.length === 0 ? work : { ...work, effects: [...work.effects, ...effects] }
}

export function withWrites(work: Work, prefix: string, writes: readonly LinkWrite[]): Work {
  if (writes.length === 0) return work
  const prefixed = writes.map(write => ({ ...write, key: prefix + write.key }))
  return { ...work, writes: [...work.writes, ...prefixed] }
}
