import { EVENTS } from '../engine/index.ts'
import type { Store } from '../ports/index.ts'

/** The number of the newest event in the log; 0 where there is none. */
export async function lastEventOf(store: Store): Promise<number> {
  const newest = await store.loadPage(EVENTS, { limit: 1, backwards: true })
  for (const key of newest.keys()) return Number(key.slice(EVENTS.length))
  return 0
}
