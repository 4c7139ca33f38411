import { defined, msat, ok, pmapDelete, pmapGet, pmapSet, type Result } from '../base/index.ts'
import { type ChannelFailure, describeFailure } from '../channel/index.ts'
import { answer, withoutAsked } from './asking.ts'
import { ending, givenUp, paidMore, tracked } from './ends.ts'
import { invoiceExpired, lateness } from './late.ts'
import { onionFor } from './paymentOnion.ts'
import { tell } from './progress.ts'
import { putInFlight, putNext, putPayment, putRequest, putSentHash } from './records.ts'
import { failure } from './replies.ts'
import { waysFor } from './route.ts'
import {
  type Asked,
  type Attempt,
  type Beginning,
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
  const beginning = { request, inFlight: { payment, terms, onions: 0, parts: [] } }
  const next = { ...paid.value, nextNumber: state.nextNumber + 1 }
  const begun = offerAll(next, payment.number, { beginning, taken: [], refusing: NONE }, context)
  return begun.ok ? begun.value : refused(begun.error)
}

/** Looks for ways for what is missing of a payment in flight, and offers it. Where there are none it says why, and nothing has changed. */
export function sendMissing(
  state: PaymentsState,
  { payment }: Pick<InFlight, 'payment'>,
  context: PaymentContext,
): Result<PaymentStep, PaymentFailure> {
  return offerAll(state, payment.number, { taken: [], refusing: NONE }, context)
}

const NONE: ReadonlySet<string> = new Set()

type Before = Omit<Attempt, 'current' | 'rest'>

function offerAll(
  state: PaymentsState,
  number: number,
  attempt: Before,
  context: PaymentContext,
): Result<PaymentStep, PaymentFailure> {
  const inFlight = offeredOf(state, number, attempt)
  const wanted = {
    inFlight,
    amountMsat: missingMsat(inFlight),
    maxFeeMsat: feeLeftMsat(state, inFlight, context.limits),
    trial: trialOf(state, inFlight.payment),
    refusing: attempt.refusing,
  }
  const ways = waysFor(state, wanted, context)
  if (!ways.ok) return ways
  const held = withFeesHeld(state, inFlight, ways.value)
  return ok(offerNext(held.state, held.inFlight, attempt, ways.value))
}

/** The payment as it is now. */
function offeredOf(state: PaymentsState, number: number, { beginning }: Pick<Attempt, 'beginning'>): InFlight {
  const inFlight = beginning?.inFlight ?? pmapGet(state.inFlight, numberKey(number))
  return defined(inFlight, 'what is offered begins, or is in flight')
}

/** The next part, in an onion of its own. */
function offerNext(state: PaymentsState, inFlight: InFlight, attempt: Before, ways: readonly Way[]): PaymentStep {
  const [way, ...rest] = ways
  const { hops, left } = defined(way, 'there is a way to try')
  const { beginning } = attempt
  const onion = onionFor(inFlight, hops, inFlight.onions)
  const counted: InFlight = { ...inFlight, onions: inFlight.onions + 1 }
  const before = beginning === undefined ? attempt : { ...attempt, beginning: { ...beginning, inFlight: counted } }
  const next = beginning === undefined ? withInFlight(state, counted) : state
  return offerTo(next, counted, { ...before, rest }, { hops, left, ...onion })
}

/** Asks the best channel that is left. No peer has seen the onion, so that it is good for each of them. */
function offerTo(
  state: PaymentsState,
  { payment }: InFlight,
  attempt: Omit<Attempt, 'current'>,
  part: Omit<Attempt['current'], 'via'>,
): PaymentStep {
  const [first, ...left] = part.left
  const via = defined(first, 'a way has a channel to begin with')
  const { number, paymentHash } = payment
  const { hops, onionRoutingPacket } = part
  const { amountMsat, cltvExpiry } = defined(hops[0], 'a way has a hop')
  const attempts = pmapSet(state.session.attempts, numberKey(number), { ...attempt, current: { ...part, via, left } })
  const htlc = { amountMsat, paymentHash, cltvExpiry, onionRoutingPacket }
  return unchanged(withSession(state, { attempts }), { type: 'add_htlc', payment: number, link: via.link, ...htlc })
}

export function added(
  state: PaymentsState,
  { payment: number, link, id }: Added,
  context: PaymentContext,
): PaymentStep {
  const { attempt, free } = takeAttempt(state, number)
  const { current, beginning, rest, refusing } = attempt
  const [first, ...behind] = current.hops
  const { shortChannelId } = current.via
  const hops = first === undefined ? [] : [{ ...first, shortChannelId }, ...behind]
  const part: SentPart = { link, id, hops, sharedSecrets: current.sharedSecrets }
  const taken = [...attempt.taken, part]
  const step = joined(free, offeredOf(free, number, attempt), part, beginning?.request)
  const inFlight = offeredOf(step.next, number, {})
  if (rest.length > 0 && isOpen(inFlight)) return after(step, offerNext(step.next, inFlight, { taken, refusing }, rest))
  const said = { ...step, effects: [...step.effects, ...trying(step.next, inFlight, taken)] }
  // Others may have come back since these were looked for.
  if (!isOpen(inFlight) || missingMsat(inFlight) === 0n || lateness(inFlight, context) !== undefined) return said
  const again = sendMissing(said.next, inFlight, context)
  return again.ok ? after(said, again.value) : said
}

/** Whether more is to be sent. */
function isOpen({ payment, reason }: InFlight): boolean {
  return payment.status === 'pending' && reason === undefined
}

function joined(state: PaymentsState, before: InFlight, part: SentPart, request: number | undefined): PaymentStep {
  if (before.payment.status === 'succeeded') return paidMore(state, before, part)
  const inFlight: InFlight = { ...before, parts: [...before.parts, part] }
  return request === undefined ? goneOn(state, inFlight) : begun(state, request, inFlight)
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
  const { attempt, free } = takeAttempt(state, number)
  const { current, rest, ...before } = attempt
  const refusing = new Set(before.refusing).add(current.via.shortChannelId)
  const inFlight = offeredOf(free, number, attempt)
  if (!isOpen(inFlight)) return notNeeded(free, inFlight, context)
  if (current.left.length > 0) return offerTo(free, inFlight, { ...before, refusing, rest }, current)
  const again = offerAll(free, number, { ...before, refusing }, context)
  if (again.ok) return again.value
  if (attempt.beginning !== undefined) return notBegun(free, attempt.beginning, channelFailure)
  const said = attempt.taken.length === 0 ? [] : trying(free, inFlight, attempt.taken)
  const step = stuck(free, inFlight, again.error, context)
  return { ...step, effects: [...said, ...step.effects] }
}

/** Something has ended the payment since this was offered. */
function notNeeded(state: PaymentsState, inFlight: InFlight, context: PaymentContext): PaymentStep {
  const { reason } = inFlight
  return reason === undefined ? { ...tracked(state, inFlight), effects: [] } : ending(state, inFlight, reason, context)
}

function notBegun(state: PaymentsState, { request, inFlight }: Beginning, channelFailure: ChannelFailure): PaymentStep {
  const { number } = inFlight.payment
  const unpaid = withRefund(state, inFlight, NOTHING)
  // Its number was never seen: the next payment gets it.
  const nextNumber = unpaid.nextNumber === number + 1 ? number : unpaid.nextNumber
  const reply = { type: 'refused', failure: inWords(channelFailure) } as const
  return answer({ ...unpaid, nextNumber }, askedBy(state, request), reply)
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

function takeAttempt(state: PaymentsState, number: number): { attempt: Attempt; free: PaymentsState } {
  const key = numberKey(number)
  const { attempts } = state.session
  const attempt = defined(pmapGet(attempts, key), `nothing was asked for payment ${number}`)
  return { attempt, free: withSession(state, { attempts: pmapDelete(attempts, key) }) }
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
