import { type PaymentHash, pmapGet } from '../base/index.ts'
import { EXPIRED_INVOICE_GRACE_MS, SWEEP_INTERVAL_MS } from './limits.ts'
import { isComplete } from './parts.ts'
import { type OpenInvoice, type PaymentStep, type PaymentsState, withSession } from './state.ts'
import type { PaymentContext } from './types.ts'

// When to wake this room: one time for all, the earliest, and only when it has become earlier.

/** When an invoice may be forgotten: some time after its expiry, and together with others. */
export function sweepTime({ expiresAt }: OpenInvoice): number {
  return Math.ceil((expiresAt + EXPIRED_INVOICE_GRACE_MS) / SWEEP_INTERVAL_MS) * SWEEP_INTERVAL_MS
}

/** The earlier of two times, of which either may be unknown. */
export function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return Math.min(a, b)
}

export function dueSweep(state: PaymentsState, at: number): PaymentsState {
  return withSession(state, { sweepAt: earlier(at, state.session.sweepAt) })
}

export function dueDeadline(state: PaymentsState, at: number): PaymentsState {
  return withSession(state, { deadlineAt: earlier(at, state.session.deadlineAt) })
}

/** A set that is not complete is given up after a while. */
export function dueSet(
  state: PaymentsState,
  hash: PaymentHash,
  { limits }: Pick<PaymentContext, 'limits'>,
): PaymentsState {
  const set = pmapGet(state.sets, hash)
  if (set === undefined || isComplete(set)) return state
  return withSession(state, { setsDueAt: earlier(set.startedAt + limits.mppTimeoutMs, state.session.setsDueAt) })
}

/** Asks to be woken where something is due before the `wake` that is out. */
export function wakeInTime(step: PaymentStep): PaymentStep {
  const { deadlineAt, sweepAt, setsDueAt, wakeAt } = step.next.session
  const at = earlier(earlier(deadlineAt, sweepAt), setsDueAt)
  if (at === undefined || (wakeAt !== undefined && wakeAt <= at)) return step
  return {
    ...step,
    next: withSession(step.next, { wakeAt: at }),
    effects: [...step.effects, { type: 'wake', at }],
  }
}
