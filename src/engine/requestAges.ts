import { jsonEncode } from '../base/index.ts'
import { parseRequestAgeKey, REQUEST_AGES, requestAgeKey, requestKey } from '../payment/index.ts'
import type { EngineInput, RememberedAt } from './types.ts'
import { act, update, type Work } from './work.ts'

// What came of calls with an idempotency key is remembered for as long as somebody may ask again, and no longer. Beside each record
// stands its date, in the order of time, so that the old ones are found without a look at the others:
//
//     started, tick -> load_oldest -> oldest_requests -> (load_oldest -> oldest_requests)
//
// A lot is forgotten in one commit, dates and records together: where the process ends, the rest is found again.

/** In the commit of what it is about. `value` is the record, for whoever is asked again. */
export function remember(work: Work, { key, at }: RememberedAt, value: unknown): void {
  work.writes.push({ type: 'put', key: requestKey(key), value: jsonEncode(value) })
  work.writes.push({ type: 'put', key: requestAgeKey(at, key), value: NOTHING })
}

/** As if it had never been asked for. */
export function forget(work: Work, { key, at }: RememberedAt): void {
  work.writes.push({ type: 'delete', key: requestKey(key) }, { type: 'delete', key: requestAgeKey(at, key) })
}

/** Looks for what is too old, at most once an hour, and sees to it that there is a next time. */
export function sweepRequests(work: Work): void {
  const { requestSweepAt } = work.state
  if (requestSweepAt !== undefined && requestSweepAt > work.context.now) return
  const at = work.context.now + SWEEP_INTERVAL_MS
  update(work, { requestSweepAt: at })
  act(work, { type: 'wake', at })
  loadOldest(work)
}

/** The dates of the oldest ones have come. Where all of them were due, there may be more. */
export function forgetOldest(work: Work, { keys }: Extract<EngineInput, { type: 'oldest_requests' }>): void {
  const { maxRequestsForgotten, requestsKeptMs } = work.context.limits.engine
  const due = keys.map(parseRequestAgeKey).filter(({ at }) => at + requestsKeptMs <= work.context.now)
  for (const remembered of due) forget(work, remembered)
  if (due.length === maxRequestsForgotten) loadOldest(work)
}

function loadOldest(work: Work): void {
  act(work, { type: 'load_oldest', prefix: REQUEST_AGES, limit: work.context.limits.engine.maxRequestsForgotten })
}

const SWEEP_INTERVAL_MS = 3_600_000
const NOTHING = new Uint8Array(0)
