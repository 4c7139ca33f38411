import { pmapHas, pmapSet } from '../base/index.ts'
import { counted } from './answering.ts'
import { htlcKey } from './inbound.ts'
import { putClaimed } from './records.ts'
import { type PaymentStep, type PaymentsState, unchanged } from './state.ts'
import type { PaymentContext, PaymentInput } from './types.ts'

type Claimed = Extract<PaymentInput, { type: 'htlc_claimed' }>

/**
 * The chain has paid us for an HTLC that was never taken here: it was not irrevocable yet, or was refused. It is a payment like any other,
 * but no invoice's: what that asks for, nobody has looked at. What waits here is counted when it is taken; where it is given up, this
 * comes again. Each HTLC is counted once, also where the chain says twice that it was claimed, after a reorganisation.
 */
export function claimedOnChain(state: PaymentsState, input: Claimed, context: PaymentContext): PaymentStep {
  const { link, peer, htlc, preimage } = input
  const { id, amountMsat, paymentHash } = htlc
  const key = htlcKey({ link, id })
  if ([state.parts, state.forwards, state.claimed].some(known => pmapHas(known, key))) return unchanged(state)
  const step = counted(state, [{ link, id, peer, amountMsat, paymentHash }], { preimage }, context)
  const { nextNumber: number } = state
  const next = { ...step.next, claimed: pmapSet(state.claimed, key, number) }
  return { ...step, next, writes: [...step.writes, putClaimed({ link, id }, number)] }
}
