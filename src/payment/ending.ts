import { assert, fromHex, paymentHash, pmapGet, toHex, unreachable } from '../base/index.ts'
import type { HtlcResolution } from '../channel/index.ts'
import { sha256 } from '../crypto/index.ts'
import { decodeFailure, decodeFailureMessage } from '../onion/index.ts'
import { deleteInFlight, putPayment } from './records.ts'
import { failure, replyTo } from './replies.ts'
import {
  type InFlight,
  inFlightOf,
  numberKey,
  type PaymentStep,
  type PaymentsState,
  unchanged,
  withoutInFlight,
} from './state.ts'
import { refunded, tokenWrites } from './tokens.ts'
import type { PaymentContext, PaymentEvent, PaymentFailure, PaymentInput } from './types.ts'
import { describe } from './words.ts'

// How payments that were sent end. Each ends once: afterwards nothing finds it under its HTLC any more, so what channels repeat
// changes nothing.

type InputOf<T extends PaymentInput['type']> = Extract<PaymentInput, { type: T }>

export function fulfilled(
  state: PaymentsState,
  input: InputOf<'htlc_fulfilled'>,
  context: PaymentContext,
): PaymentStep {
  const inFlight = inFlightOf(state, input)
  if (inFlight === undefined) return unchanged(state)
  const { payment } = inFlight
  // The channel has checked it: with the preimage we can prove that we have paid.
  assert(paymentHash(sha256(input.paymentPreimage)) === payment.paymentHash, 'a preimage fits the hash of its HTLC')
  const end = { status: 'succeeded', preimage: toHex(input.paymentPreimage), endedAt: context.now } as const
  return ended(state, inFlight, { type: 'payment_sent', payment: { ...payment, ...end } })
}

export function failed(state: PaymentsState, input: InputOf<'htlc_failed'>, context: PaymentContext): PaymentStep {
  const inFlight = inFlightOf(state, input)
  if (inFlight === undefined) return unchanged(state)
  return givenUp(state, inFlight, reasonOf(input.resolution, inFlight), context)
}

/** The channel was closed, and the HTLC ran out on chain. */
export function timedOut(state: PaymentsState, input: InputOf<'htlc_timed_out'>, context: PaymentContext): PaymentStep {
  const inFlight = inFlightOf(state, input)
  if (inFlight === undefined) return unchanged(state)
  return givenUp(state, inFlight, failure('lost_on_chain', RAN_OUT[input.cause]), context)
}

const RAN_OUT: Readonly<Record<InputOf<'htlc_timed_out'>['cause'], string>> = {
  output_taken_back:
    'The recipient did not claim the payment before it ran out, and the money was taken back on chain.',
  no_output:
    'The recipient did not claim the payment before the channel was closed, and the transaction that closed it holds nothing for it.',
  given_up:
    'The recipient did not claim the payment before it ran out, and so little is not worth the fee of taking it back.',
}

/** The money is ours again, but for what was not worth its fee, and so is the budget of the token. */
export function givenUp(
  state: PaymentsState,
  inFlight: InFlight,
  reason: PaymentFailure,
  { now }: PaymentContext,
): PaymentStep {
  const { payment, terms } = inFlight
  const step = endedFailed(state, inFlight, reason, now)
  const next = refunded(step.next, terms.token, payment.amountMsat)
  return { ...step, next, writes: [...step.writes, ...tokenWrites(next, terms.token)] }
}

/** A payment of which it is said that it has failed, with the reason. */
export function endedFailed(
  state: PaymentsState,
  inFlight: InFlight,
  reason: PaymentFailure,
  now: number,
): PaymentStep {
  const end = { status: 'failed', failure: reason, endedAt: now } as const
  return ended(state, inFlight, { type: 'payment_failed', payment: { ...inFlight.payment, ...end } })
}

function ended(state: PaymentsState, inFlight: InFlight, event: PaymentEvent): PaymentStep {
  const { payment } = event
  const listeners = pmapGet(state.session.listeners, numberKey(payment.number)) ?? []
  return {
    next: withoutInFlight(state, inFlight),
    writes: [putPayment(payment), deleteInFlight(payment.number)],
    effects: [...replyTo(listeners, { type: 'payment', payment }), { type: 'event', event }],
  }
}

function reasonOf(resolution: HtlcResolution, inFlight: InFlight): PaymentFailure {
  assert(resolution.type !== 'fulfill', 'an HTLC that was fulfilled is not told as failed')
  switch (resolution.type) {
    case 'fail':
      return openedFailure(resolution.reason, inFlight)
    case 'fail_malformed': {
      // Only our peer fails an HTLC so; it says that the onion did not get through to it in one piece (BOLT 2, removing an HTLC).
      const code = resolution.failureCode
      const said = decodeFailureMessage(Uint8Array.of(code >> 8, code & 0xff, ...resolution.sha256OfOnion))
      return refusedBy(inFlight, 0, describe(said))
    }
    default:
      return unreachable(resolution)
  }
}

/** What the failure says that only we can open (BOLT 4, returning errors). */
function openedFailure(reason: Uint8Array, inFlight: InFlight): PaymentFailure {
  const opened = decodeFailure({ reason, sharedSecrets: inFlight.sharedSecrets.map(fromHex) })
  if (opened.type === 'from_hop') return refusedBy(inFlight, opened.hop, describe(opened.failure))
  return failure('refused_on_the_way', 'The payment was refused, and nobody on its way signed the reason.')
}

/** The last hop is the recipient. */
function refusedBy({ sharedSecrets }: InFlight, hop: number, words: string): PaymentFailure {
  return hop === sharedSecrets.length - 1
    ? failure('refused_by_recipient', `The recipient refused the payment: ${words}.`)
    : failure('refused_on_the_way', `Hop ${hop + 1} of the way refused the payment: ${words}.`)
}
