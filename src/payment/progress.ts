import { pmapGet } from '../base/index.ts'
import { type Asked, numberKey, type PaymentsState, withSession } from './state.ts'
import type { Payment, PaymentEffect, PaymentProgress } from './types.ts'

// What is said of a payment while it is tried, to those who asked to hear of it.

export function withWatcher(state: PaymentsState, { request, wantsProgress }: Asked): PaymentsState {
  if (!wantsProgress) return state
  return withSession(state, { watching: new Set(state.session.watching).add(request) })
}

export function withoutWatchers(state: PaymentsState, requests: readonly number[]): PaymentsState {
  const { watching } = state.session
  if (watching.size === 0) return state
  return withSession(state, { watching: new Set([...watching].filter(request => !requests.includes(request))) })
}

/** Made only where somebody listens. */
export function tell(
  state: PaymentsState,
  { number }: Pick<Payment, 'number'>,
  progress: () => PaymentProgress,
): readonly PaymentEffect[] {
  const { watching, listeners } = state.session
  if (watching.size === 0) return []
  const requests = (pmapGet(listeners, numberKey(number)) ?? []).filter(request => watching.has(request))
  if (requests.length === 0) return []
  const said = progress()
  return requests.map(request => ({ type: 'progress', request, progress: said }))
}
