import { unreachable } from '../base/index.ts'
import { payInvoice } from './asking.ts'
import { added, notAdded } from './attempts.ts'
import { claimedOnChain } from './claimed.ts'
import { failed, fulfilled, outcomeUnknown, timedOut } from './ending.ts'
import { findRoutesFor } from './findRoutesFor.ts'
import { failForwardsInTime, forwardDropped, forwardFailed, forwardFulfilled, forwardTimedOut } from './forwardEnds.ts'
import { forwarded, notForwarded } from './forwarding.ts'
import { forwardOf } from './forwards.ts'
import { cancelInvoice, failExpiring, failIncomplete, settleInvoice } from './holding.ts'
import { createHoldInvoice, createInvoice, sweepInvoices } from './invoices.ts'
import { keysend } from './keysend.ts'
import { lookedUp } from './lookedUp.ts'
import { setPolicy } from './policy.ts'
import { received } from './receiving.ts'
import { forgetOnions } from './seenOnions.ts'
import { type PaymentStep, type PaymentsState, withSession } from './state.ts'
import { wakeInTime } from './times.ts'
import { charge, createToken, refund, revokeToken } from './tokens.ts'
import type { PaymentContext, PaymentInput } from './types.ts'
import { dropped, giveUpLate, usable } from './waiting.ts'

/**
 * One input. What is refused changes nothing, and its request hears why. All writes of the step, and of the steps that answer its
 * `add_htlc`, belong into one commit with those of the channels concerned.
 */
export function paymentStep(state: PaymentsState, input: PaymentInput, context: PaymentContext): PaymentStep {
  return wakeInTime(handle(state, input, context))
}

function handle(state: PaymentsState, input: PaymentInput, context: PaymentContext): PaymentStep {
  switch (input.type) {
    case 'create_invoice':
      return createInvoice(state, input, context)
    case 'create_hold_invoice':
      return createHoldInvoice(state, input, context)
    case 'settle_invoice':
      return settleInvoice(state, input, context)
    case 'cancel_invoice':
      return cancelInvoice(state, input, context)
    case 'pay_invoice':
      return payInvoice(state, input, context)
    case 'keysend':
      return keysend(state, input, context)
    case 'find_routes':
      return findRoutesFor(state, input, context)
    case 'looked_up':
      return lookedUp(state, input, context)
    case 'added':
      return added(state, input, context)
    case 'not_added':
      return notAdded(state, input, context)
    case 'htlc_received':
      return received(state, input, context)
    case 'htlc_fulfilled':
    case 'htlc_failed':
    case 'htlc_dropped':
    case 'htlc_timed_out':
      return outboundEnded(state, input, context)
    case 'forwarded':
      return forwarded(state, input)
    case 'not_forwarded':
      return notForwarded(state, input, context)
    case 'set_policy':
      return setPolicy(state, input, context)
    case 'usable':
      return usable(state, input.peer, context)
    case 'create_token':
      return createToken(state, input, context)
    case 'htlc_claimed':
      return claimedOnChain(state, input, context)
    case 'htlc_unknown':
      return outcomeUnknown(state, input, context)
    case 'revoke_token':
      return revokeToken(state, input)
    case 'charge':
      return charge(state, input)
    case 'refund':
      return refund(state, input)
    case 'tick':
      return tick(state, context)
    case 'block':
      return block(state, context)
    default:
      return unreachable(input)
  }
}

type OutboundEnd = Extract<PaymentInput, { type: 'htlc_fulfilled' | 'htlc_failed' | 'htlc_dropped' | 'htlc_timed_out' }>

/** An HTLC that we have offered: for somebody else, or for ourselves. */
function outboundEnded(state: PaymentsState, input: OutboundEnd, context: PaymentContext): PaymentStep {
  const forward = forwardOf(state, input)
  switch (input.type) {
    case 'htlc_fulfilled':
      return forward === undefined ? fulfilled(state, input, context) : forwardFulfilled(state, forward, input, context)
    case 'htlc_failed':
      return forward === undefined ? failed(state, input, context) : forwardFailed(state, forward, input, context)
    case 'htlc_dropped':
      return forward === undefined ? dropped(state, input, context) : forwardDropped(state, forward, input, context)
    case 'htlc_timed_out':
      return forward === undefined ? timedOut(state, input, context) : forwardTimedOut(state, forward, context)
    default:
      return unreachable(input)
  }
}

/** What is too near to its expiry goes back. */
function block(state: PaymentsState, context: PaymentContext): PaymentStep {
  return inTurn(state, [failExpiring, failForwardsInTime, forgetOnions], context)
}

/** What is due is done. A `wake` that is over makes place for the next one. */
function tick(state: PaymentsState, context: PaymentContext): PaymentStep {
  const { wakeAt } = state.session
  const awake = wakeAt !== undefined && wakeAt <= context.now ? withSession(state, { wakeAt: undefined }) : state
  return inTurn(awake, [giveUpLate, failIncomplete, sweepInvoices], context)
}

type Part = (state: PaymentsState, context: PaymentContext) => PaymentStep

function inTurn(state: PaymentsState, parts: readonly Part[], context: PaymentContext): PaymentStep {
  return parts.reduce<PaymentStep>(
    (before, part) => {
      const { next, writes, effects } = part(before.next, context)
      return { next, writes: [...before.writes, ...writes], effects: [...before.effects, ...effects] }
    },
    { next: state, writes: [], effects: [] },
  )
}
