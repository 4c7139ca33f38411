import { endedFailed } from './ending.ts'
import { failure } from './replies.ts'
import { inFlightOf, type PaymentStep, type PaymentsState, unchanged } from './state.ts'
import type { PaymentContext, PaymentInput } from './types.ts'

type Unknown = Extract<PaymentInput, { type: 'htlc_unknown' }>

/**
 * The channel has come to its end without a word of what became of a payment. It counts as failed, and says that it may have been
 * made: so the budget of its token stays spent.
 */
export function outcomeUnknown(state: PaymentsState, input: Unknown, { now }: PaymentContext): PaymentStep {
  const inFlight = inFlightOf(state, input)
  if (inFlight === undefined) return unchanged(state)
  return endedFailed(state, inFlight, failure('outcome_unknown', REASONS[input.cause]), now)
}

const REASONS: Readonly<Record<Unknown['cause'], string>> = {
  unclaimed:
    'The payment has run out, but the money cannot be taken back for now, so that the recipient may still claim it: whether it was paid is not known.',
  untold:
    'The payment was on its way through a channel of which this node has lost data: whether the recipient was paid is not known.',
}
