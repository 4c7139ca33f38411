import { failure } from './replies.ts'
import type { InFlight } from './state.ts'
import type { PaymentContext, PaymentFailure } from './types.ts'

/** Why nothing is sent for a payment any more, where its time is over. */
export function lateness({ terms }: InFlight, { now }: PaymentContext): PaymentFailure | undefined {
  if (terms.expiresAt !== undefined && now > terms.expiresAt) return invoiceExpired()
  if (now < terms.deadline) return undefined
  return failure('timeout', 'No channel with the recipient was usable in time; nothing was paid.')
}

export function invoiceExpired(): PaymentFailure {
  return failure('invoice_expired', 'The invoice has expired: ask its payee for a new one.')
}
