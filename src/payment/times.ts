import { EXPIRED_INVOICE_GRACE_MS, SWEEP_INTERVAL_MS } from './limits.ts'
import { type OpenInvoice, type PaymentStep, type PaymentsState, withSession } from './state.ts'

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

/** Asks to be woken where something is due before the `wake` that is out. */
export function wakeInTime(step: PaymentStep): PaymentStep {
  const { deadlineAt, sweepAt, wakeAt } = step.next.session
  const at = earlier(deadlineAt, sweepAt)
  if (at === undefined || (wakeAt !== undefined && wakeAt <= at)) return step
  return {
    ...step,
    next: withSession(step.next, { wakeAt: at }),
    effects: [...step.effects, { type: 'wake', at }],
  }
}
