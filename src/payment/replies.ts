import { type PaymentStep, type PaymentsState, unchanged } from './state.ts'
import type { PaymentEffect, PaymentFailure, PaymentReply } from './types.ts'

export function failure(code: PaymentFailure['code'], message: string): PaymentFailure {
  return { code, message }
}

/** The same answer for each of these requests. */
export function replyTo(requests: readonly number[], reply: PaymentReply): readonly PaymentEffect[] {
  return requests.map(request => ({ type: 'reply', request, reply }))
}

/** Nothing begins, and whoever asked hears why. */
export function refuse(state: PaymentsState, requests: readonly number[], reason: PaymentFailure): PaymentStep {
  return unchanged(state, ...replyTo(requests, { type: 'refused', failure: reason }))
}
