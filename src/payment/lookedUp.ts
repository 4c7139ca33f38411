import { assert, defined, pmapGet, pmapSet } from '../base/index.ts'
import { alreadyPaid, answer, keyConflict } from './asking.ts'
import { begin } from './attempts.ts'
import { foundRecord, paymentKey, requestKey, type StoredRequest, sentHashKey } from './records.ts'
import {
  type Asked,
  type EarlierPayment,
  type PaymentStep,
  type PaymentsState,
  unchanged,
  withSession,
} from './state.ts'
import type { Payment, PaymentContext, PaymentInput } from './types.ts'

type LookedUp = Extract<PaymentInput, { type: 'looked_up' }>

/** The store has answered. What it names is looked up in turn; after that the payment begins, or something earlier is the answer. */
export function lookedUp(state: PaymentsState, input: LookedUp, context: PaymentContext): PaymentStep {
  const { request, records } = input
  const asked = pmapGet(state.session.asked, `${request}`)
  if (asked === undefined) return unchanged(state)
  if (asked.earlier !== undefined) return judgeEarlier(state, asked, asked.earlier, input, context)
  const { repeatable } = asked.terms
  const stored = repeatable && foundRecord<StoredRequest>(records, requestKey(repeatable.key))
  if (repeatable !== undefined && stored !== undefined) {
    if (stored.fingerprint !== repeatable.fingerprint) {
      return answer(state, asked, { type: 'refused', failure: keyConflict(repeatable.key) })
    }
    return lookAt(state, asked, { type: 'same_request', number: stored.number })
  }
  const sameHash = foundRecord<number>(records, sentHashKey(asked.payment.paymentHash))
  if (sameHash !== undefined) return lookAt(state, asked, { type: 'same_hash', number: sameHash })
  return begin(state, asked, context)
}

function lookAt(state: PaymentsState, asked: Asked, earlier: EarlierPayment): PaymentStep {
  const { request } = asked
  const waiting = pmapSet(state.session.asked, `${request}`, { ...asked, earlier })
  return unchanged(withSession(state, { asked: waiting }), {
    type: 'look_up',
    request,
    keys: [paymentKey(earlier.number)],
  })
}

function judgeEarlier(
  state: PaymentsState,
  asked: Asked,
  { type, number }: EarlierPayment,
  { records }: LookedUp,
  context: PaymentContext,
): PaymentStep {
  const payment = defined(foundRecord<Payment>(records, paymentKey(number)), `there is no record of payment ${number}`)
  assert(payment.status !== 'pending', () => `payment ${number} is stored as pending, and is not in flight`)
  if (type === 'same_request') return answer(state, asked, { type: 'payment', payment })
  if (payment.status === 'failed') return begin(state, asked, context)
  return answer(state, asked, { type: 'refused', failure: alreadyPaid(payment) })
}
