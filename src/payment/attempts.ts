import { defined, err, pmapDelete, pmapGet, pmapSet, type Result } from '../base/index.ts'
import { type ChannelFailure, describeFailure } from '../channel/index.ts'
import { answer, withoutAsked } from './asking.ts'
import { putInFlight, putNext, putPayment, putRequest, putSentHash } from './records.ts'
import { failure } from './replies.ts'
import { findRoute, type Route } from './route.ts'
import {
  type Asked,
  type Attempt,
  type InFlight,
  numberKey,
  type PaymentStep,
  type PaymentsState,
  unchanged,
  withInFlight,
  withSession,
} from './state.ts'
import { charged, refunded, tokenWrites } from './tokens.ts'
import type { PaymentContext, PaymentFailure, PaymentInput, PaymentWrite } from './types.ts'

// An HTLC is offered to one channel after the other until one takes it. Until then nothing is stored: the first records of a payment
// are in one commit with the HTLC's own.

type Added = Extract<PaymentInput, { type: 'added' }>
type NotAdded = Extract<PaymentInput, { type: 'not_added' }>

/** The store knows nothing against it. */
export function begin(state: PaymentsState, asked: Asked, context: PaymentContext): PaymentStep {
  const paid = charged(state, asked.terms.token, asked.payment.amountMsat)
  if (!paid.ok) return answer(state, asked, { type: 'refused', failure: paid.error })
  const route = routeInTime(asked, context)
  if (!route.ok) return answer(state, asked, { type: 'refused', failure: route.error })
  const payment = { number: state.nextNumber, ...asked.payment }
  const next = { ...paid.value, nextNumber: state.nextNumber + 1 }
  return offerNext(next, { ...route.value, payment, retries: 0, request: asked.request })
}

function routeInTime(asked: Asked, context: PaymentContext): Result<Route, PaymentFailure> {
  const { expiresAt } = asked.terms
  if (expiresAt !== undefined && context.now > expiresAt) return err(invoiceExpired())
  return findRoute({ ...asked, retries: 0 }, context)
}

/** Another onion for a payment whose HTLC never came to be. Where no channel takes it, it goes on waiting. */
export function tryAgain(state: PaymentsState, { payment, terms, retries }: InFlight, context: PaymentContext) {
  const next = retries + 1
  const route = findRoute({ payment, terms, retries: next }, context)
  return route.ok ? offerNext(state, { ...route.value, payment, retries: next }) : unchanged(state)
}

/** Asks the best channel that is left. */
function offerNext(state: PaymentsState, attempt: Attempt): PaymentStep {
  const { payment, cltvExpiry, onionRoutingPacket } = attempt
  const [first, ...left] = attempt.left
  const { link } = defined(first, 'an attempt has a channel to try')
  const attempts = pmapSet(state.session.attempts, numberKey(payment.number), { ...attempt, left })
  const { number, amountMsat, paymentHash } = payment
  return unchanged(withSession(state, { attempts }), {
    type: 'add_htlc',
    payment: number,
    link,
    amountMsat,
    paymentHash,
    cltvExpiry,
    onionRoutingPacket,
  })
}

export function added(state: PaymentsState, { payment: number, link, id }: Added): PaymentStep {
  const { attempt, rest } = takeAttempt(state, number)
  const { payment, retries, sharedSecrets } = attempt
  const out = { retries, sharedSecrets, htlc: { link, id } }
  if (attempt.request !== undefined) return begun(rest, attempt.request, { payment, ...out })
  const before = defined(pmapGet(state.inFlight, numberKey(number)), 'what is tried again is in flight')
  const inFlight: InFlight = { ...before, ...out }
  return { next: withInFlight(rest, inFlight), writes: [putInFlight(inFlight)], effects: [] }
}

/** From here on the payment is in the books. */
function begun(state: PaymentsState, request: number, start: Omit<InFlight, 'terms'>): PaymentStep {
  const asked = askedBy(state, request)
  const { payment } = start
  const { terms, others } = asked
  const inFlight: InFlight = { ...start, terms }
  const next = withInFlight(withoutAsked(state, asked), inFlight)
  const listeners = pmapSet(next.session.listeners, numberKey(payment.number), [request, ...others])
  const writes: PaymentWrite[] = [putPayment(payment), putSentHash(payment), putInFlight(inFlight), putNext(next)]
  if (terms.repeatable !== undefined) writes.push(...putRequest(terms.repeatable, payment))
  writes.push(...tokenWrites(next, terms.token))
  return { next: withSession(next, { listeners }), writes, effects: [] }
}

export function notAdded(state: PaymentsState, { payment: number, failure: channelFailure }: NotAdded): PaymentStep {
  const { attempt, rest } = takeAttempt(state, number)
  if (attempt.left.length > 0) return offerNext(rest, attempt)
  if (attempt.request === undefined) return unchanged(rest)
  const asked = askedBy(rest, attempt.request)
  const unpaid = refunded(rest, asked.terms.token, asked.payment.amountMsat)
  // Its number was never seen: the next payment gets it.
  const nextNumber = unpaid.nextNumber === number + 1 ? number : unpaid.nextNumber
  return answer({ ...unpaid, nextNumber }, asked, { type: 'refused', failure: inWords(channelFailure) })
}

function takeAttempt(state: PaymentsState, number: number): { attempt: Attempt; rest: PaymentsState } {
  const key = numberKey(number)
  const { attempts } = state.session
  const attempt = defined(pmapGet(attempts, key), `nothing was asked for payment ${number}`)
  return { attempt, rest: withSession(state, { attempts: pmapDelete(attempts, key) }) }
}

function askedBy(state: PaymentsState, request: number): Asked {
  return defined(pmapGet(state.session.asked, `${request}`), 'a payment that begins was asked for')
}

const CODES: Readonly<Record<string, PaymentFailure['code']>> = {
  amount_below_minimum: 'amount',
  amount_above_balance: 'insufficient_balance',
  cannot_afford_htlc: 'insufficient_balance',
  opener_cannot_pay_fee: 'insufficient_balance',
  too_much_in_flight: 'insufficient_balance',
  expiry_too_far: 'invalid_invoice',
}

function inWords(channelFailure: ChannelFailure): PaymentFailure {
  const words = `No channel takes the payment now: ${describeFailure(channelFailure)}.`
  return failure(CODES[channelFailure.code] ?? 'no_channel', words)
}

export function invoiceExpired(): PaymentFailure {
  return failure('invoice_expired', 'The invoice has expired: ask its payee for a new one.')
}
