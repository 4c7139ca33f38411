import { defined, msat, ok, pmapDelete, pmapGet, pmapSet, type Result } from '../base/index.ts'
import { type ChannelFailure, describeFailure } from '../channel/index.ts'
import { answer, withoutAsked } from './asking.ts'
import { givenUp } from './ends.ts'
import { invoiceExpired } from './late.ts'
import { onionFor } from './paymentOnion.ts'
import { tell } from './progress.ts'
import { putInFlight, putNext, putPayment, putRequest, putSentHash } from './records.ts'
import { failure } from './replies.ts'
import { waysFor } from './route.ts'
import {
  type Asked,
  type Attempt,
  type InFlight,
  numberKey,
  type PaymentStep,
  type PaymentsState,
  type SentPart,
  type Sum,
  unchanged,
  type Way,
  withInFlight,
  withSession,
} from './state.ts'
import { feeLeftMsat, missingMsat, routeOf, withFeesHeld, withRefund } from './sums.ts'
import { charged, tokenWrites } from './tokens.ts'
import { trialOf } from './trial.ts'
import type { PaymentContext, PaymentFailure, PaymentInput, PaymentWrite } from './types.ts'

// Parts are offered one after the other, each to one channel after the other until one takes it:
//
//     add_htlc -> added -> (add_htlc -> added …) | (not_added -> add_htlc …)
//
// all in one step of the engine. Until the first one is taken nothing is stored: the records of a payment are in one commit with those
// of its HTLCs. Where no channel takes a part, other ways are looked for, for what is missing then.

type Added = Extract<PaymentInput, { type: 'added' }>
type NotAdded = Extract<PaymentInput, { type: 'not_added' }>

/** The store knows nothing against it. */
export function begin(state: PaymentsState, asked: Asked, context: PaymentContext): PaymentStep {
  const { request, terms } = asked
  const refused = (reason: PaymentFailure) => answer(state, asked, { type: 'refused', failure: reason })
  const paid = charged(state, terms.token, asked.payment.amountMsat)
  if (!paid.ok) return refused(paid.error)
  if (terms.expiresAt !== undefined && context.now > terms.expiresAt) return refused(invoiceExpired())
  const payment = { number: state.nextNumber, ...asked.payment }
  const inFlight: InFlight = { payment, terms, onions: 0, parts: [] }
  const next = { ...paid.value, nextNumber: state.nextNumber + 1 }
  const begun = offerAll(next, { inFlight, request, taken: [], refusing: new Set() }, context)
  return begun.ok ? begun.value : refused(begun.error)
}

/**
 * Looks for ways for what is missing of a payment in flight, as the state has it, and offers it. Says why not where there are none; then
 * nothing has changed.
 */
export function sendMissing(
  state: PaymentsState,
  inFlight: InFlight,
  context: PaymentContext,
): Result<PaymentStep, PaymentFailure> {
  return offerAll(state, { inFlight, taken: [], refusing: new Set() }, context)
}

type Before = Omit<Attempt, 'current' | 'rest'>

function offerAll(state: PaymentsState, attempt: Before, context: PaymentContext): Result<PaymentStep, PaymentFailure> {
  const { inFlight, refusing } = attempt
  const wanted = {
    inFlight,
    amountMsat: missingMsat(inFlight),
    maxFeeMsat: feeLeftMsat(state, inFlight, context.limits),
    trial: trialOf(state, inFlight.payment),
    refusing,
  }
  const ways = waysFor(state, wanted, context)
  if (!ways.ok) return ways
  const held = withFeesHeld(state, inFlight, ways.value)
  return ok(offerNext(held.state, { ...attempt, inFlight: held.inFlight }, ways.value))
}

/** The next part, in an onion of its own. */
function offerNext(state: PaymentsState, attempt: Before, ways: readonly Way[]): PaymentStep {
  const [way, ...rest] = ways
  const { hops, left } = defined(way, 'there is a way to try')
  const { inFlight } = attempt
  const index = inFlight.onions
  const onion = onionFor(inFlight, hops, index)
  return offerTo(state, { ...attempt, inFlight: { ...inFlight, onions: index + 1 }, rest }, { hops, left, ...onion })
}

/** Asks the best channel that is left. No peer has seen the onion, so that it is good for each of them. */
function offerTo(
  state: PaymentsState,
  attempt: Omit<Attempt, 'current'>,
  part: Omit<Attempt['current'], 'via'>,
): PaymentStep {
  const [first, ...left] = part.left
  const via = defined(first, 'a way has a channel to begin with')
  const { number, paymentHash } = attempt.inFlight.payment
  const { hops, onionRoutingPacket } = part
  const { amountMsat, cltvExpiry } = defined(hops[0], 'a way has a hop')
  const attempts = pmapSet(state.session.attempts, numberKey(number), { ...attempt, current: { ...part, via, left } })
  const htlc = { amountMsat, paymentHash, cltvExpiry, onionRoutingPacket }
  return unchanged(withSession(state, { attempts }), { type: 'add_htlc', payment: number, link: via.link, ...htlc })
}

export function added(state: PaymentsState, { payment: number, link, id }: Added): PaymentStep {
  const { attempt, rest: free } = takeAttempt(state, number)
  const { current, request, rest, refusing } = attempt
  const [first, ...behind] = current.hops
  const { shortChannelId } = current.via
  const hops = first === undefined ? [] : [{ ...first, shortChannelId }, ...behind]
  const part: SentPart = { link, id, hops, sharedSecrets: current.sharedSecrets }
  const inFlight: InFlight = { ...attempt.inFlight, parts: [...attempt.inFlight.parts, part] }
  const taken = [...attempt.taken, part]
  const step = request === undefined ? goneOn(free, inFlight) : begun(free, request, inFlight)
  if (rest.length > 0) return after(step, offerNext(step.next, { inFlight, taken, refusing }, rest))
  return { ...step, effects: trying(step.next, inFlight, taken) }
}

function goneOn(state: PaymentsState, inFlight: InFlight): PaymentStep {
  const writes = [putInFlight(inFlight), ...tokenWrites(state, inFlight.terms.token)]
  return { next: withInFlight(state, inFlight), writes, effects: [] }
}

/** From here on the payment is in the books. */
function begun(state: PaymentsState, request: number, inFlight: InFlight): PaymentStep {
  const asked = askedBy(state, request)
  const { payment, terms } = inFlight
  const next = withInFlight(withoutAsked(state, asked), inFlight)
  const listeners = pmapSet(next.session.listeners, numberKey(payment.number), [request, ...asked.others])
  const writes: PaymentWrite[] = [putPayment(payment), putSentHash(payment), putInFlight(inFlight), putNext(next)]
  if (terms.repeatable !== undefined) writes.push(...putRequest(terms.repeatable, payment))
  writes.push(...tokenWrites(next, terms.token))
  return { next: withSession(next, { listeners }), writes, effects: [] }
}

function trying(state: PaymentsState, { payment }: InFlight, taken: readonly SentPart[]): PaymentStep['effects'] {
  const { paymentHash } = payment
  return tell(state, payment, () => ({ type: 'trying', paymentHash, parts: taken.map(routeOf) }))
}

export function notAdded(
  state: PaymentsState,
  { payment: number, failure: channelFailure }: NotAdded,
  context: PaymentContext,
): PaymentStep {
  const { attempt, rest: free } = takeAttempt(state, number)
  const { current, rest, ...before } = attempt
  const refusing = new Set(before.refusing).add(current.via.shortChannelId)
  if (current.left.length > 0) return offerTo(free, { ...before, refusing, rest }, current)
  const again = offerAll(free, { ...before, refusing }, context)
  if (again.ok) return again.value
  const { request, inFlight } = attempt
  if (request === undefined) {
    const step = stuck(free, inFlight, again.error, context)
    return { ...step, effects: [...trying(free, inFlight, attempt.taken), ...step.effects] }
  }
  const asked = askedBy(free, request)
  const unpaid = withRefund(free, inFlight, NOTHING)
  // Its number was never seen: the next payment gets it.
  const nextNumber = unpaid.nextNumber === number + 1 ? number : unpaid.nextNumber
  return answer({ ...unpaid, nextNumber }, asked, { type: 'refused', failure: inWords(channelFailure) })
}

/**
 * There is no way for what is missing. Parts that are on their way are waited for; one that was refused somewhere ends with that; one that
 * only lost its channel waits for another one.
 */
export function stuck(
  state: PaymentsState,
  inFlight: InFlight,
  why: PaymentFailure,
  context: PaymentContext,
): PaymentStep {
  const { payment, parts, onions } = inFlight
  const { refusal } = trialOf(state, payment)
  if (parts.length > 0 || refusal === undefined) return goneOn(state, inFlight)
  const tries = onions === 1 ? '' : ` after ${onions} tries`
  const message = `${refusal.message} No other way is left${tries}: ${why.message}`
  return givenUp(state, inFlight, failure(refusal.code, message), context)
}

function after(first: PaymentStep, second: PaymentStep): PaymentStep {
  return {
    next: second.next,
    writes: [...first.writes, ...second.writes],
    effects: [...first.effects, ...second.effects],
  }
}

const NOTHING: Sum = { amountMsat: msat(0n), feeMsat: msat(0n) }

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
