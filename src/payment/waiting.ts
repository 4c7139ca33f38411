import { defined, type NodeId, pmapGet, pmapValues } from '../base/index.ts'
import { invoiceExpired, tryAgain } from './attempts.ts'
import { givenUp } from './ending.ts'
import { putInFlight } from './records.ts'
import { failure } from './replies.ts'
import {
  type InFlight,
  inFlightOf,
  numberKey,
  type PaymentStep,
  type PaymentsState,
  unchanged,
  withInFlight,
  withSession,
} from './state.ts'
import { dueDeadline, earlier } from './times.ts'
import type { PaymentContext, PaymentEffect, PaymentFailure, PaymentInput, PaymentWrite } from './types.ts'

// Payments without an HTLC: the connection ended before any commitment held it. They are tried again until their deadline, unless the
// channel itself ends: nobody waits for that to come back, so they go over another one at once, or end. One that a commitment holds
// never waits here: it ends as its HTLC ends, whatever the deadline says.

type Dropped = Extract<PaymentInput, { type: 'htlc_dropped' }>

export function dropped(state: PaymentsState, input: Dropped, context: PaymentContext): PaymentStep {
  const inFlight = inFlightOf(state, input)
  if (inFlight === undefined) return unchanged(state)
  const tooLate = complaint(inFlight, context)
  if (tooLate !== undefined) return givenUp(state, inFlight, tooLate, context)
  const { htlc: _htlc, ...waiting } = inFlight
  const next = dueDeadline(withInFlight(state, waiting), waiting.terms.deadline)
  if (input.forGood !== true) return { next, writes: [putInFlight(waiting)], effects: [] }
  const again = tryAgain(next, waiting, context)
  if (again.effects.length > 0) return { ...again, writes: [putInFlight(waiting), ...again.writes] }
  const words = 'The channel was closed before it held the payment, and no other one can carry it; nothing was paid.'
  return givenUp(state, inFlight, failure('no_channel', words), context)
}

/** Tries everything again that waits for this peer, in the order in which it was asked for. Cost: one onion for each. */
export function usable(state: PaymentsState, peer: NodeId, context: PaymentContext): PaymentStep {
  return forEachWaiting(state, (next, inFlight) => {
    if (inFlight.payment.peer !== peer) return unchanged(next)
    const tooLate = complaint(inFlight, context)
    return tooLate === undefined ? tryAgain(next, inFlight, context) : givenUp(next, inFlight, tooLate, context)
  })
}

/** Gives up what is due. Cost: one pass over what waits, when the earliest of them is due. */
export function giveUpLate(state: PaymentsState, context: PaymentContext): PaymentStep {
  const { deadlineAt } = state.session
  if (deadlineAt === undefined || deadlineAt > context.now) return unchanged(state)
  let later: number | undefined
  const step = forEachWaiting(state, (next, inFlight) => {
    const tooLate = complaint(inFlight, context)
    if (tooLate !== undefined) return givenUp(next, inFlight, tooLate, context)
    later = earlier(later, inFlight.terms.deadline)
    return unchanged(next)
  })
  return { ...step, next: withSession(step.next, { deadlineAt: later }) }
}

function complaint({ terms }: InFlight, { now }: PaymentContext): PaymentFailure | undefined {
  if (terms.expiresAt !== undefined && now > terms.expiresAt) return invoiceExpired()
  if (now < terms.deadline) return undefined
  return failure('timeout', 'No channel with the recipient was usable in time; nothing was paid.')
}

function forEachWaiting(
  state: PaymentsState,
  handle: (next: PaymentsState, inFlight: InFlight) => PaymentStep,
): PaymentStep {
  let next = state
  const writes: PaymentWrite[] = []
  const effects: PaymentEffect[] = []
  for (const number of [...pmapValues(state.waiting)].sort((a, b) => a - b)) {
    const key = numberKey(number)
    // What is being offered is answered first.
    if (pmapGet(next.session.attempts, key) !== undefined) continue
    const inFlight = defined(pmapGet(next.inFlight, key), 'what waits is in flight')
    const step = handle(next, inFlight)
    next = step.next
    writes.push(...step.writes)
    effects.push(...step.effects)
  }
  return { next, writes, effects }
}
