import { createRoute } from '@hono/zod-openapi'
import { BookendError, defined } from '../../base/index.ts'
import { hasScope, tokenIdOf } from '../auth.ts'
import { toJson } from '../json.ts'
import { progressStream } from '../progressStream.ts'
import { failureJson } from '../refuse.ts'
import { repeatableHeaders } from '../schemas/idempotency.ts'
import { payment, paymentPath, payments, paymentsQuery, payRequest } from '../schemas/payments.ts'
import { paymentProgress, routes, routesRequest } from '../schemas/routes.ts'
import { present } from '../schemas/values.ts'
import { type ApiApp, type Desk, failure, jsonAnswer, jsonBody, open, STREAM_HEADERS } from './desk.ts'

const DEFAULT_PAGE = 100

export function paymentRoutes(app: ApiApp, desk: Desk): void {
  movingRoutes(app, desk)
  lookingRoutes(app, desk)
}

function movingRoutes(app: ApiApp, desk: Desk): void {
  const { node } = desk
  app.openapi(
    createRoute({
      ...open(desk, ['spend']),
      method: 'post',
      path: '/v1/payments',
      operationId: 'pay',
      summary: 'Pays an invoice, or a peer without one. Answers when the preimage is there.',
      description:
        'With `Accept: text/event-stream` it tells how it goes: a message `progress` for each try and each part that came back, and at the end one `payment`, or one `error` in the shape of every failure. What is refused before it has begun is refused with its status, as without it.',
      request: { headers: repeatableHeaders, body: jsonBody(payRequest) },
      responses: {
        200: {
          description: 'Paid.',
          content: { 'application/json': { schema: payment }, 'text/event-stream': { schema: paymentProgress } },
        },
        ...failure,
      },
    }),
    async context => {
      const { 'Idempotency-Key': idempotencyKey } = context.req.valid('header')
      const { invoice, nodeId, ...rest } = context.req.valid('json')
      const common = { ...present({ ...rest, idempotencyKey }), ...tokenIdOf(context.var.caller) }
      const to = invoice === undefined ? { nodeId: defined(nodeId, 'the schema asks for one of both') } : { invoice }
      if (!wantsStream(context.req.header('accept'))) {
        return context.json(toJson(await node.pay({ ...common, ...to })), 200)
      }
      const stream = await progressStream({
        begin: onProgress => node.pay({ ...common, ...to, onProgress }),
        ended: toJson,
        failed: error => failureJson(error, text => desk.log(`POST /v1/payments: ${text}`)),
        heartbeatMs: desk.limits.heartbeatMs,
      })
      return context.body(stream, 200, STREAM_HEADERS)
    },
  )
  app.openapi(
    createRoute({
      ...open(desk, ['read', 'spend']),
      method: 'post',
      path: '/v1/routes',
      operationId: 'routes',
      summary: 'The ways that a payment would take now. Nothing is sent.',
      request: { body: jsonBody(routesRequest) },
      responses: { 200: jsonAnswer(routes, 'One for each part; together they bring the amount.'), ...failure },
    }),
    async context => {
      const { invoice, nodeId, ...rest } = context.req.valid('json')
      const to = invoice === undefined ? { nodeId: defined(nodeId, 'the schema asks for one of both') } : { invoice }
      return context.json(toJson(await node.routes({ ...present(rest), ...to })), 200)
    },
  )
}

const wantsStream = (accept: string | undefined): boolean => accept?.includes('text/event-stream') === true

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
      const { limit = DEFAULT_PAGE, ...filter } = context.req.valid('query')
      return context.json(toJson(await node.payments({ limit, ...present(filter) })), 200)
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
