import { add, msat, pmapGet, subtract, toHex } from '../base/index.ts'
import type { HoldTime } from './holdTimes.ts'
import { deleteInFlight, putInFlight, putPayment } from './records.ts'
import { replyTo } from './replies.ts'
import {
  type InFlight,
  isOffered,
  numberKey,
  type PaymentStep,
  type PaymentsState,
  type SentPart,
  type Sum,
  withInFlight,
  withoutHearers,
  withoutInFlight,
} from './state.ts'
import { routeOf, sumOf, withRefund } from './sums.ts'
import { refunded, spent, tokenWrites } from './tokens.ts'
import type { Payment, PaymentContext, PaymentEvent, PaymentFailure } from './types.ts'

// The ends of payments, each of which comes once. A payment succeeds with its first preimage, and fails when none of its parts is on its
// way any more: until then one of them may still be taken.

/** The preimage has come with `part`. Those that are still on their way count as paid, until it is known that they came back. */
export function succeeded(
  state: PaymentsState,
  { part, left }: { readonly part: SentPart; readonly left: InFlight },
  { preimage, holdTimes }: { readonly preimage: Uint8Array; readonly holdTimes: readonly HoldTime[] },
  { now }: PaymentContext,
): PaymentStep {
  const { terms, onions, parts, unknown = NOTHING } = left
  const sum = sumOf([part, ...parts])
  const paid = {
    amountMsat: msat(sum.amountMsat + unknown.amountMsat),
    feeMsat: msat(sum.feeMsat + unknown.feeMsat),
  }
  const end = { status: 'succeeded', preimage: toHex(preimage), endedAt: now, ...paid } as const
  const payment: Payment = { ...left.payment, ...end, ...(holdTimes.length > 0 && { holdTimes }) }
  const next = withRefund(state, left, paid)
  const step = told(next, { type: 'payment_sent', payment })
  // What it was charged with is stored since it began.
  const writes = next === state ? step.writes : [...step.writes, ...tokenWrites(next, terms.token)]
  const kept = tracked(step.next, { payment, terms, onions, parts })
  return { next: kept.next, writes: [...writes, ...kept.writes], effects: step.effects }
}

/** A part of a payment that has succeeded has ended: it was taken too, or it is ours again. */
export function endedLater(
  state: PaymentsState,
  { part, left }: { readonly part: SentPart; readonly left: InFlight },
  end: 'taken' | 'came_back',
): PaymentStep {
  if (end === 'taken') return { ...tracked(state, left), effects: [] }
  const { terms } = left
  const { amountMsat, feeMsat } = routeOf(part)
  const payment: Payment = {
    ...left.payment,
    amountMsat: subtract(left.payment.amountMsat, amountMsat),
    feeMsat: subtract(left.payment.feeMsat, feeMsat),
  }
  const next = refunded(state, terms.token, msat(amountMsat + feeMsat))
  const kept = tracked(next, { ...left, payment })
  return changed(kept, payment, tokenWrites(next, terms.token))
}

/** As long as one of its parts is on its way, or may be in a moment. */
export function tracked(state: PaymentsState, inFlight: InFlight): Pick<PaymentStep, 'next' | 'writes'> {
  if (isAlive(state, inFlight)) return { next: withInFlight(state, inFlight), writes: [putInFlight(inFlight)] }
  return { next: withoutInFlight(state, inFlight), writes: [deleteInFlight(inFlight.payment.number)] }
}

function isAlive(state: PaymentsState, { payment, parts }: InFlight): boolean {
  return parts.length > 0 || isOffered(state, payment.number)
}

/** A part was offered at the moment in which another one brought the preimage: it has cost that much more, unless it comes back. */
export function paidMore(state: PaymentsState, inFlight: InFlight, part: SentPart): PaymentStep {
  const { terms, parts } = inFlight
  const { amountMsat, feeMsat } = routeOf(part)
  const payment: Payment = {
    ...inFlight.payment,
    amountMsat: add(inFlight.payment.amountMsat, amountMsat),
    feeMsat: add(inFlight.payment.feeMsat, feeMsat),
  }
  const next = spent(state, terms.token, add(amountMsat, feeMsat))
  const kept = tracked(next, { ...inFlight, payment, parts: [...parts, part] })
  return changed(kept, payment, tokenWrites(next, terms.token))
}

/** What it has cost is another amount now. */
function changed(
  { next, writes }: Pick<PaymentStep, 'next' | 'writes'>,
  payment: Payment,
  ofToken: PaymentStep['writes'],
): PaymentStep {
  const event = { type: 'payment_changed', payment } as const
  return { next, writes: [putPayment(payment), ...ofToken, ...writes], effects: [{ type: 'event', event }] }
}

/** Nothing more is sent for it: it ends now, or when its parts have ended. */
export function ending(
  state: PaymentsState,
  inFlight: InFlight,
  reason: PaymentFailure,
  context: PaymentContext,
): PaymentStep {
  if (!isAlive(state, inFlight)) return givenUp(state, inFlight, reason, context)
  const waiting = { ...inFlight, reason }
  return { next: withInFlight(state, waiting), writes: [putInFlight(waiting)], effects: [] }
}

/** The money is ours again, but for what was not worth its fee and what nobody can say, and so is the budget of the token. */
export function givenUp(
  state: PaymentsState,
  inFlight: InFlight,
  reason: PaymentFailure,
  { now }: PaymentContext,
): PaymentStep {
  const { terms, unknown = NOTHING } = inFlight
  const payment: Payment = { ...inFlight.payment, status: 'failed', failure: reason, endedAt: now }
  const next = withRefund(state, inFlight, unknown)
  const step = told(next, { type: 'payment_failed', payment })
  const writes = [...step.writes, deleteInFlight(payment.number), ...tokenWrites(next, terms.token)]
  return { next: withoutInFlight(step.next, inFlight), writes, effects: step.effects }
}

/** Whoever asked for it hears, and nobody hears twice. */
function told(state: PaymentsState, event: PaymentEvent): PaymentStep {
  const { payment } = event
  const listeners = pmapGet(state.session.listeners, numberKey(payment.number)) ?? []
  return {
    next: { ...state, session: withoutHearers(state.session, payment.number) },
    writes: [putPayment(payment)],
    effects: [...replyTo(listeners, { type: 'payment', payment }), { type: 'event', event }],
  }
}

const NOTHING: Sum = { amountMsat: msat(0n), feeMsat: msat(0n) }
