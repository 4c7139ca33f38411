import { createRoute } from '@hono/zod-openapi'
import { BookendError, defined } from '../../base/index.ts'
import { hasScope, tokenIdOf } from '../auth.ts'
import { toJson } from '../json.ts'
import { repeatableHeaders } from '../schemas/idempotency.ts'
import {
  invoice,
  invoiceRequest,
  payment,
  paymentPath,
  payments,
  paymentsQuery,
  payRequest,
} from '../schemas/payments.ts'
import { present } from '../schemas/values.ts'
import { type ApiApp, type Desk, failure, jsonAnswer, jsonBody, open } from './desk.ts'

const DEFAULT_PAGE = 100

export function paymentRoutes(app: ApiApp, desk: Desk): void {
  movingRoutes(app, desk)
  lookingRoutes(app, desk)
}

function movingRoutes(app: ApiApp, desk: Desk): void {
  const { node } = desk
  app.openapi(
    createRoute({
      ...open(desk, ['invoice']),
      method: 'post',
      path: '/v1/invoices',
      operationId: 'createInvoice',
      summary: 'Asks for a payment.',
      request: { body: jsonBody(invoiceRequest) },
      responses: { 200: jsonAnswer(invoice, 'The invoice.'), ...failure },
    }),
    async context => context.json(toJson(await node.createInvoice(present(context.req.valid('json')))), 200),
  )
  app.openapi(
    createRoute({
      ...open(desk, ['spend']),
      method: 'post',
      path: '/v1/payments',
      operationId: 'pay',
      summary: 'Pays an invoice, or a peer without one. Answers when the preimage is there.',
      request: { headers: repeatableHeaders, body: jsonBody(payRequest) },
      responses: { 200: jsonAnswer(payment, 'Paid.'), ...failure },
    }),
    async context => {
      const { 'Idempotency-Key': idempotencyKey } = context.req.valid('header')
      const { invoice, nodeId, ...rest } = context.req.valid('json')
      const common = { ...present({ ...rest, idempotencyKey }), ...tokenIdOf(context.var.caller) }
      const to = invoice === undefined ? { nodeId: defined(nodeId, 'the schema asks for one of both') } : { invoice }
      return context.json(toJson(await node.pay({ ...common, ...to })), 200)
    },
  )
}

function lookingRoutes(app: ApiApp, desk: Desk): void {
  const { node } = desk
  app.openapi(
    createRoute({
      ...open(desk, ['read']),
      method: 'get',
      path: '/v1/payments',
      operationId: 'payments',
      summary: 'Payments sent and received, newest first.',
      request: { query: paymentsQuery },
      responses: { 200: jsonAnswer(payments, 'The payments.'), ...failure },
    }),
    async context => {
      const { limit = DEFAULT_PAGE, before } = context.req.valid('query')
      return context.json(toJson(await node.payments({ limit, ...present({ before }) })), 200)
    },
  )
  app.openapi(
    createRoute({
      ...open(desk, ['read', 'invoice']),
      method: 'get',
      path: '/v1/payments/{paymentHash}',
      operationId: 'payment',
      summary: 'One payment. A token that may only be paid sees received ones.',
      request: { params: paymentPath },
      responses: { 200: jsonAnswer(payment, 'The payment.'), ...failure },
    }),
    async context => {
      const found = await node.payment(context.req.valid('param'))
      if (found.direction !== 'received' && !hasScope(context.var.caller, ['read'])) throw notReceived()
      return context.json(toJson(found), 200)
    },
  )
}

/** To a token that may only be paid, a payment that was sent is not there. */
const notReceived = (): BookendError =>
  new BookendError('not_found', 'There is no such payment.', {
    advice: 'Look at the payment hash that came with the invoice.',
  })
