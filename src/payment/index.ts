// payment: what is sent and what is received: invoices, payments, tokens with budgets, as a machine over HTLCs of any channel.
// It must not know how a channel works: it asks for HTLCs and hears what became of them. Start reading at types.ts.
export type {
  Candidate,
  PayCommon,
  Payment,
  PaymentContext,
  PaymentEffect,
  PaymentEvent,
  PaymentFailure,
  PaymentInput,
  PaymentLimits,
  PaymentReply,
  PaymentWrite,
  Token,
  TokenScope,
} from './types.ts'
