import { type Msat, msat, type NodeId, type PaymentHash } from '../base/index.ts'
import { findNode, nodeAt } from '../gossip/index.ts'
import { decodeInvoice, type Invoice } from '../invoice/index.ts'
import { amountToPay, selfPayment, termsOfInvoice, unreadable } from './asking.ts'
import { failure, refuse, replyTo } from './replies.ts'
import { waysFor } from './route.ts'
import { type InFlight, type PaymentStep, type PaymentsState, type Terms, unchanged } from './state.ts'
import { feeLeftMsat, routeOf } from './sums.ts'
import { NOTHING_TRIED } from './trial.ts'
import type { Payment, PaymentContext, PaymentInput } from './types.ts'

type FindRoutes = Extract<PaymentInput, { type: 'find_routes' }>

/** The ways that a payment would take now, or why there are none. Nothing is sent. Cost: a search, or some where it takes parts. */
export function findRoutesFor(state: PaymentsState, input: FindRoutes, context: PaymentContext): PaymentStep {
  const { request, to } = input
  if ('nodeId' in to) return toNode(state, input, to.nodeId, context)
  const decoded = decodeInvoice(to.invoice)
  if (!decoded.ok) return refuse(state, [request], unreadable(decoded.error))
  return toPayee(state, input, decoded.value, context)
}

function toPayee(state: PaymentsState, input: FindRoutes, invoice: Invoice, context: PaymentContext): PaymentStep {
  const amount = amountToPay(invoice, input.amountMsat, context)
  if (!amount.ok) return refuse(state, [input.request], amount.error)
  return answered(state, input, { peer: invoice.payee, amountMsat: amount.value }, termsOfInvoice(invoice), context)
}

/** Nobody has been asked for more than the graph says: keysends go in one part. */
function toNode(state: PaymentsState, input: FindRoutes, nodeId: NodeId, context: PaymentContext): PaymentStep {
  const { request, amountMsat = msat(0n) } = input
  if (nodeId === context.nodeId) return refuse(state, [request], selfPayment())
  if (amountMsat === 0n) return refuse(state, [request], failure('amount', 'A way is for an amount above 0: name one.'))
  const row = findNode(context.graph, nodeId)
  const mpp = row !== undefined && nodeAt(context.graph, row).offersMpp
  const { finalCltvExpiryDelta } = context.limits
  return answered(state, input, { peer: nodeId, amountMsat }, { finalCltvExpiryDelta, mpp }, context)
}

function answered(
  state: PaymentsState,
  { request, maxFeeMsat, maxParts, maxCltvDelta }: FindRoutes,
  { peer, amountMsat }: { readonly peer: NodeId; readonly amountMsat: Msat },
  asked: Pick<Terms, 'finalCltvExpiryDelta'> & Partial<Terms>,
  context: PaymentContext,
): PaymentStep {
  const payment: Payment = {
    number: 0,
    direction: 'sent',
    status: 'pending',
    paymentHash: NO_HASH,
    amountMsat,
    feeMsat: msat(0n),
    peer,
    createdAt: context.now,
  }
  const terms: Terms = {
    ...asked,
    ...(maxFeeMsat !== undefined && { maxFeeMsat }),
    ...(maxParts !== undefined && { maxParts }),
    ...(maxCltvDelta !== undefined && { maxCltvDelta }),
    sessionKey: '',
    deadline: context.now,
  }
  const inFlight: InFlight = { payment, terms, onions: 0, parts: [] }
  const wanted = { inFlight, amountMsat, maxFeeMsat: feeLeftMsat(state, inFlight, context.limits) }
  const ways = waysFor(state, { ...wanted, trial: NOTHING_TRIED, refusing: new Set() }, context)
  if (!ways.ok) return refuse(state, [request], ways.error)
  return unchanged(state, ...replyTo([request], { type: 'routes', routes: ways.value.map(routeOf) }))
}

/** Of a payment that is only thought of. */
const NO_HASH = '00'.repeat(32) as PaymentHash
