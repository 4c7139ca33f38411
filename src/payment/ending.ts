import { add, assert, fromHex, paymentHash } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'
import { fulfillHoldTimes } from '../onion/index.ts'
import { sendMissing, stuck } from './attempts.ts'
import { endedLater, ending, succeeded } from './ends.ts'
import { type HoldTime, holdTimesOf } from './holdTimes.ts'
import { lateness } from './late.ts'
import { learnt, settledWith } from './lessons.ts'
import { tell } from './progress.ts'
import { putInFlight } from './records.ts'
import { judged } from './refusals.ts'
import { failure } from './replies.ts'
import {
  type InFlight,
  isOffered,
  type PaymentStep,
  type PaymentsState,
  type SentPart,
  sentOf,
  unchanged,
  withInFlight,
} from './state.ts'
import { routeOf, sumOf } from './sums.ts'
import { trialOf, withTrial } from './trial.ts'
import type { PaymentContext, PaymentInput } from './types.ts'

// What becomes of parts that were sent. Afterwards nothing finds a part under its HTLC any more, so what channels repeat changes nothing.

type InputOf<T extends PaymentInput['type']> = Extract<PaymentInput, { type: T }>

export function fulfilled(
  state: PaymentsState,
  input: InputOf<'htlc_fulfilled'>,
  context: PaymentContext,
): PaymentStep {
  const sent = sentOf(state, input)
  if (sent === undefined) return unchanged(state)
  const { payment } = sent.left
  // The channel has checked it: with the preimage we can prove that we have paid.
  assert(paymentHash(sha256(input.paymentPreimage)) === payment.paymentHash, 'a preimage fits the hash of its HTLC')
  const wiser = settledWith(state, sent.part, context)
  if (payment.status === 'succeeded') return endedLater(wiser, sent, 'taken')
  const { paymentPreimage: preimage, attributionData } = input
  return succeeded(wiser, sent, { preimage, holdTimes: saidOf(sent.part, attributionData) }, context)
}

/** How long those on the way say to have held it (BOLT 4, hold times for successful payments). Cost: an HMAC for each. */
function saidOf({ hops, sharedSecrets }: SentPart, attributionData: Uint8Array | undefined): readonly HoldTime[] {
  if (attributionData === undefined) return []
  return holdTimesOf(hops, fulfillHoldTimes({ sharedSecrets: sharedSecrets.map(fromHex), attributionData }))
}

/** It came back. What is missing then is sent over other ways, as long as there are some, and time, and fees. */
export function failed(state: PaymentsState, input: InputOf<'htlc_failed'>, context: PaymentContext): PaymentStep {
  const sent = sentOf(state, input)
  if (sent === undefined) return unchanged(state)
  const { part, left } = sent
  if (left.payment.status === 'succeeded') return endedLater(state, sent, 'came_back')
  const { payment, reason } = left
  const refusal = judged(input.resolution, { part, left, trial: trialOf(state, payment) }, context)
  const { paymentHash: hash } = payment
  const { failure: why, facts } = refusal
  const effects = tell(state, payment, () => ({
    type: 'part_failed',
    paymentHash: hash,
    part: routeOf(part),
    ...facts,
    message: why.message,
  }))
  const wiser = learnt(withTrial(withInFlight(state, left), payment, refusal.trial), refusal.lessons, context)
  const isOver =
    reason !== undefined ||
    refusal.isFinal ||
    lateness(left, context) !== undefined ||
    left.onions >= context.limits.maxOnionsPerPayment
  const step = isOver ? ending(wiser, left, reason ?? why, context) : tryOthers(wiser, left, context)
  return { ...step, effects: [...effects, ...step.effects] }
}

function tryOthers(state: PaymentsState, left: InFlight, context: PaymentContext): PaymentStep {
  // Whatever is being offered comes first: then all that is missing is looked for.
  if (isOffered(state, left.payment.number)) return { next: state, writes: [putInFlight(left)], effects: [] }
  const again = sendMissing(state, left, context)
  if (!again.ok) return stuck(state, left, again.error, context)
  return { ...again.value, writes: [putInFlight(left), ...again.value.writes] }
}

/** The channel was closed, and the HTLC ran out on chain. */
export function timedOut(state: PaymentsState, input: InputOf<'htlc_timed_out'>, context: PaymentContext): PaymentStep {
  const sent = sentOf(state, input)
  if (sent === undefined) return unchanged(state)
  const { left } = sent
  if (left.payment.status === 'succeeded') return endedLater(state, sent, 'came_back')
  return ending(state, left, left.reason ?? failure('lost_on_chain', RAN_OUT[input.cause]), context)
}

const RAN_OUT: Readonly<Record<InputOf<'htlc_timed_out'>['cause'], string>> = {
  output_taken_back:
    'The recipient did not claim the payment before it ran out, and the money was taken back on chain.',
  no_output:
    'The recipient did not claim the payment before the channel was closed, and the transaction that closed it holds nothing for it.',
  given_up:
    'The recipient did not claim the payment before it ran out, and so little is not worth the fee of taking it back.',
}

/**
 * The channel has come to its end without a word of what became of it. The payment counts as failed, and says that it may have been
 * made: so what this part has brought stays spent.
 */
export function outcomeUnknown(
  state: PaymentsState,
  input: InputOf<'htlc_unknown'>,
  context: PaymentContext,
): PaymentStep {
  const sent = sentOf(state, input)
  if (sent === undefined) return unchanged(state)
  const { part, left } = sent
  if (left.payment.status === 'succeeded') return endedLater(state, sent, 'taken')
  const { amountMsat, feeMsat } = routeOf(part)
  const before = left.unknown ?? sumOf([])
  const unknown = { amountMsat: add(before.amountMsat, amountMsat), feeMsat: add(before.feeMsat, feeMsat) }
  return ending(state, { ...left, unknown }, failure('outcome_unknown', REASONS[input.cause]), context)
}

const REASONS: Readonly<Record<InputOf<'htlc_unknown'>['cause'], string>> = {
  unclaimed:
    'The payment has run out, but the money cannot be taken back for now, so that the recipient may still claim it: whether it was paid is not known.',
  untold:
    'The payment was on its way through a channel of which this node has lost data: whether the recipient was paid is not known.',
}
