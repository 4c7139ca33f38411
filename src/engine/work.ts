import type { ChannelFailure } from '../channel/index.ts'
import type { EngineEffect, EngineState, EngineStep, EngineWrite } from './types.ts'

/** A step of the engine while it is put together out of steps of its rooms. Each part returns a new one. */
export interface Work {
  readonly state: EngineState
  readonly writes: readonly EngineWrite[]
  readonly effects: readonly EngineEffect[]
  readonly failure?: ChannelFailure
}

export function begin(state: EngineState): Work {
  return { state, writes: [], effects: [] }
}

export function finish({ state, ...out }: Work): EngineStep {
  return { next: state, ...out }
}

export function withEffects(work: Work, effects: readonly EngineEffect[]): Work {
  return effects.length === 0 ? work : { ...work, effects: [...work.effects, ...effects] }
}

export function withWrites(work: Work, prefix: string, writes: readonly EngineWrite[]): Work {
  if (writes.length === 0) return work
  const prefixed = writes.map(write => ({ ...write, key: prefix + write.key }))
  return { ...work, writes: [...work.writes, ...prefixed] }
}
