import type { Payment } from '../engine/index.ts'
import type { PayBudget, PaymentRoute } from '../payment/index.ts'
import type { NodeDesk } from './desk.ts'
import { failedPayment } from './failures.ts'
import { replyOf } from './requests.ts'
import type { PayRequest, RoutesRequest } from './types.ts'

/** Resolves when the preimage is there. */
export async function pay(desk: NodeDesk, wanted: PayRequest): Promise<Payment> {
  const { amountMsat, idempotencyKey, token, onProgress } = wanted
  const { randomBytes } = desk
  const common = {
    timeoutMs: wanted.timeoutMs ?? desk.context().limits.payment.defaultTimeoutMs,
    sessionKey: randomBytes(32),
    ...budgetOf(wanted),
    ...(amountMsat !== undefined && { amountMsat }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(token !== undefined && { token }),
    ...(onProgress !== undefined && { wantsProgress: true }),
  }
  // In a task of its own: what a listener throws is its program's affair, and not that of the turn that tells it.
  const tell =
    onProgress && ((progress: Parameters<typeof onProgress>[0]) => queueMicrotask(() => onProgress(progress)))
  const ask = () =>
    desk.ask(
      request => ({
        type: 'payment',
        input:
          wanted.invoice === undefined
            ? { type: 'keysend', request, peer: wanted.nodeId, preimage: randomBytes(32), ...common }
            : { type: 'pay_invoice', request, invoice: wanted.invoice, ...common },
      }),
      tell,
    )
  const reply = await desk.repeatables.payment(idempotencyKey, ask)
  const { payment } = replyOf(reply, 'payment')
  if (payment.failure === undefined) return payment
  throw failedPayment(payment)
}

/** The ways that it would take now. */
export async function routes(desk: NodeDesk, wanted: RoutesRequest): Promise<readonly PaymentRoute[]> {
  const { amountMsat } = wanted
  const to = wanted.invoice === undefined ? { nodeId: wanted.nodeId } : { invoice: wanted.invoice }
  const reply = await desk.ask(request => ({
    type: 'payment',
    input: { type: 'find_routes', request, to, ...budgetOf(wanted), ...(amountMsat !== undefined && { amountMsat }) },
  }))
  return replyOf(reply, 'routes').routes
}

function budgetOf({ maxFeeMsat, maxParts, maxCltvDelta }: PayBudget): PayBudget {
  return {
    ...(maxFeeMsat !== undefined && { maxFeeMsat }),
    ...(maxParts !== undefined && { maxParts }),
    ...(maxCltvDelta !== undefined && { maxCltvDelta }),
  }
}
