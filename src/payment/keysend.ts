import { type Msat, paymentHash, toHex } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'
import { admit, commonTerms, lookUpFirst, selfPayment } from './asking.ts'
import { begin } from './attempts.ts'
import { failure, refuse } from './replies.ts'
import type { Asked, PaymentStep, PaymentsState } from './state.ts'
import type { PaymentContext, PaymentInput } from './types.ts'

type Keysend = Extract<PaymentInput, { type: 'keysend' }>

/**
 * A payment without an invoice: the preimage goes with the onion, so only its recipient can take the money. The preimage is fresh,
 * so nothing was ever paid for its hash, and the store need not be asked: only an idempotency key may have been used before.
 */
export function keysend(state: PaymentsState, input: Keysend, context: PaymentContext): PaymentStep {
  const { request, peer, preimage, amountMsat = 0n as Msat } = input
  if (peer === context.nodeId) return refuse(state, [request], selfPayment())
  if (amountMsat === 0n) {
    return refuse(state, [request], failure('amount', 'A payment without an invoice needs an amount above 0.'))
  }
  const asked: Asked = {
    request,
    others: [],
    wantsProgress: input.wantsProgress === true,
    payment: {
      direction: 'sent',
      status: 'pending',
      paymentHash: paymentHash(sha256(preimage)),
      amountMsat,
      feeMsat: 0n as Msat,
      peer,
      createdAt: context.now,
    },
    terms: {
      ...commonTerms(input, ['keysend', peer, `${amountMsat}`], context),
      finalCltvExpiryDelta: context.limits.finalCltvExpiryDelta,
      keysendPreimage: toHex(preimage),
    },
  }
  if (asked.terms.repeatable !== undefined) return lookUpFirst(state, asked, context)
  const admitted = admit(state, asked, context)
  return admitted.ok ? begin(admitted.value, asked, context) : admitted.error
}
