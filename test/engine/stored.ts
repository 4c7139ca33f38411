import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import type { EngineState } from '../../src/engine/index.ts'
import { outlasting } from '../../src/sim/invariants/outlasting.ts'

/** The records give back everything of a node that is meant to outlast its process, and nothing else. */
export function expectSameAsStored(live: EngineState, loaded: EngineState): void {
  const [held, read] = [outlasting(live), outlasting(loaded)]
  for (const key of Object.keys(held) as (keyof typeof held)[]) {
    if (!isDeepStrictEqual(read[key], held[key])) expect(read[key], `the stored ${key}`).toEqual(held[key])
  }
}
