// payment: what is sent, received and passed on: invoices, payments, tokens with budgets, as a machine over HTLCs of any channel.
// It must not know how a channel works: it asks for HTLCs and hears what became of them. Start reading at types.ts, then step.ts,
// asking.ts for a payment on its way out, receiving.ts for one on its way in, and forwarding.ts for one that is for others.

export { amountsOf } from './channelUpdate.ts'
export type { HoldTime } from './holdTimes.ts'
export type { Forward, HtlcRef, Part } from './inbound.ts'
export { DEFAULT_PAYMENT_LIMITS, type PaymentLimits } from './limits.ts'
export { type OpenInvoiceView, openInvoice, openInvoices } from './openInvoices.ts'
export { prepareOnion } from './opening.ts'
export { policyOf } from './policy.ts'
export {
  loadPayments,
  PAYMENTS,
  parseRequestAgeKey,
  paymentKey,
  REQUEST_AGES,
  receivedHashKey,
  requestAgeKey,
  requestKey,
  sentHashKey,
} from './records.ts'
export { type InFlight, NEW_PAYMENTS, type OpenInvoice, type PaymentStep, type PaymentsState } from './state.ts'
export { paymentStep } from './step.ts'
export type {
  Candidate,
  ForwardEvent,
  HoldEvent,
  Outgoing,
  PayBudget,
  PayCommon,
  Payment,
  PaymentContext,
  PaymentEffect,
  PaymentEvent,
  PaymentFailure,
  PaymentInput,
  PaymentProgress,
  PaymentReply,
  PaymentRoute,
  PaymentWrite,
  Policy,
  Token,
  TokenScope,
} from './types.ts'
