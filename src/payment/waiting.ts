import { defined, type NodeId, pmapGet, pmapValues } from '../base/index.ts'
import { sendMissing, stuck } from './attempts.ts'
import { endedLater, ending, givenUp } from './ends.ts'
import { lateness } from './late.ts'
import { putInFlight } from './records.ts'
import { failure } from './replies.ts'
import {
  type InFlight,
  isOffered,
  numberKey,
  type PaymentStep,
  type PaymentsState,
  sentOf,
  unchanged,
  withInFlight,
  withSession,
} from './state.ts'
import { dueDeadline, earlier } from './times.ts'
import { trialOf } from './trial.ts'
import type { PaymentContext, PaymentEffect, PaymentInput, PaymentWrite } from './types.ts'

// Payments without an HTLC: the connection ended before any commitment held it. They are tried again until their deadline, unless the
// channel itself ends: nobody waits for that to come back, so they go over another one at once, or end. One that a commitment holds
// never waits here: it ends as its HTLC ends, whatever the deadline says.

type Dropped = Extract<PaymentInput, { type: 'htlc_dropped' }>

export function dropped(state: PaymentsState, input: Dropped, context: PaymentContext): PaymentStep {
  const sent = sentOf(state, input)
  if (sent === undefined) return unchanged(state)
  const { part, left } = sent
  const { payment, terms, parts, reason } = left
  if (payment.status === 'succeeded') return endedLater(state, sent, 'came_back')
  const over = reason ?? lateness(left, context)
  if (over !== undefined) return ending(state, left, over, context)
  const next = dueDeadline(withInFlight(state, left), terms.deadline)
  const writes = [putInFlight(left)]
  // To a peer it goes again over the same channel, once that is back.
  const isStraight = parts.length === 0 && part.hops.length === 1
  const isLater = isOffered(next, payment.number) || (isStraight && input.forGood !== true)
  if (isLater) return { next, writes, effects: [] }
  const again = sendMissing(next, left, context)
  if (again.ok) return { ...again.value, writes: [...writes, ...again.value.writes] }
  const isEnd = parts.length === 0 && input.forGood === true && trialOf(next, payment).refusal === undefined
  if (!isEnd) return stuck(next, left, again.error, context)
  const words = 'The channel was closed before it held the payment, and no other one can carry it; nothing was paid.'
  return givenUp(next, left, failure('no_channel', words), context)
}

/** Tries everything again that may go over this peer, in the order in which it was asked for. Cost: one onion for each, or a search. */
export function usable(state: PaymentsState, peer: NodeId, context: PaymentContext): PaymentStep {
  return forEachWaiting(state, (next, inFlight) => {
    if (!mayGoOver(peer, inFlight, context)) return unchanged(next)
    const tooLate = lateness(inFlight, context)
    if (tooLate !== undefined) return givenUp(next, inFlight, tooLate, context)
    const again = sendMissing(next, inFlight, context)
    return again.ok ? again.value : unchanged(next)
  })
}

function mayGoOver(peer: NodeId, { payment, terms }: InFlight, { graph }: PaymentContext): boolean {
  return payment.peer === peer || graph.channelCount > 0 || terms.hints !== undefined
}

/** Gives up what is due. Cost: one pass over what waits, when the earliest of them is due. */
export function giveUpLate(state: PaymentsState, context: PaymentContext): PaymentStep {
  const { deadlineAt } = state.session
  if (deadlineAt === undefined || deadlineAt > context.now) return unchanged(state)
  let later: number | undefined
  const step = forEachWaiting(state, (next, inFlight) => {
    const tooLate = lateness(inFlight, context)
    if (tooLate !== undefined) return givenUp(next, inFlight, tooLate, context)
    later = earlier(later, inFlight.terms.deadline)
    return unchanged(next)
  })
  return { ...step, next: withSession(step.next, { deadlineAt: later }) }
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
    if (isOffered(next, number)) continue
    const inFlight = defined(pmapGet(next.inFlight, key), 'what waits is in flight')
    const step = handle(next, inFlight)
    next = step.next
    writes.push(...step.writes)
    effects.push(...step.effects)
  }
  return { next, writes, effects }
}
