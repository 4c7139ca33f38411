import { createRoute } from '@hono/zod-openapi'
import { toJson } from '../json.ts'
import {
  decodedInvoice,
  decodeRequest,
  invoice,
  invoicePath,
  invoiceRequest,
  invoicesQuery,
  openInvoice,
  openInvoices,
  settleRequest,
} from '../schemas/invoices.ts'
import { payment } from '../schemas/payments.ts'
import { present } from '../schemas/values.ts'
import { type ApiApp, type Desk, failure, jsonAnswer, jsonBody, NO_CONTENT, open } from './desk.ts'

/** Whoever may be paid may also decide about what is held: for that they need the preimage, or the hash of their invoice. */
const PAID = ['invoice'] as const

export function invoiceRoutes(app: ApiApp, desk: Desk): void {
  movingRoutes(app, desk)
  lookingRoutes(app, desk)
}

function movingRoutes(app: ApiApp, desk: Desk): void {
  const { node } = desk
  app.openapi(
    createRoute({
      ...open(desk, PAID),
      method: 'post',
      path: '/v1/invoices',
      operationId: 'createInvoice',
      summary: 'Asks for a payment. With a payment hash, what is paid waits until it is settled or cancelled.',
      request: { body: jsonBody(invoiceRequest) },
      responses: { 200: jsonAnswer(invoice, 'The invoice.'), ...failure },
    }),
    async context => context.json(toJson(await node.createInvoice(present(context.req.valid('json')))), 200),
  )
  app.openapi(
    createRoute({
      ...open(desk, PAID),
      method: 'post',
      path: '/v1/invoices/settle',
      operationId: 'settleInvoice',
      summary: 'Takes what is held for the invoice of this preimage. Asked again, it answers the same.',
      request: { body: jsonBody(settleRequest) },
      responses: { 200: jsonAnswer(payment, 'Received.'), ...failure },
    }),
    async context => context.json(toJson(await node.settleInvoice(context.req.valid('json'))), 200),
  )
  app.openapi(
    createRoute({
      ...open(desk, PAID),
      method: 'delete',
      path: '/v1/invoices/{paymentHash}',
      operationId: 'cancelInvoice',
      summary: 'Cancels an invoice: nobody can pay it any more, and what is held for it goes back.',
      request: { params: invoicePath },
      responses: { 204: NO_CONTENT, ...failure },
    }),
    async context => {
      await node.cancelInvoice(context.req.valid('param'))
      return context.body(null, 204)
    },
  )
}

function lookingRoutes(app: ApiApp, desk: Desk): void {
  const { node } = desk
  app.openapi(
    createRoute({
      ...open(desk, ['read']),
      method: 'get',
      path: '/v1/invoices',
      operationId: 'invoices',
      summary: 'Invoices that can be paid, or whose payment waits. The one that expires last comes first.',
      request: { query: invoicesQuery },
      responses: { 200: jsonAnswer(openInvoices, 'The invoices.'), ...failure },
    }),
    async context => {
      const { held, ...page } = context.req.valid('query')
      return context.json(toJson(await node.invoices({ ...present(page), held: held === 'true' })), 200)
    },
  )
  app.openapi(
    createRoute({
      ...open(desk, ['read', ...PAID]),
      method: 'get',
      path: '/v1/invoices/{paymentHash}',
      operationId: 'invoice',
      summary: 'One invoice, until it is paid, cancelled or long expired.',
      request: { params: invoicePath },
      responses: { 200: jsonAnswer(openInvoice, 'The invoice.'), ...failure },
    }),
    async context => context.json(toJson(await node.invoice(context.req.valid('param'))), 200),
  )
  app.openapi(
    createRoute({
      ...open(desk, ['read', ...PAID, 'spend']),
      method: 'post',
      path: '/v1/decode',
      operationId: 'decodeInvoice',
      summary: 'What an invoice says, of whatever network, expired or not.',
      request: { body: jsonBody(decodeRequest) },
      responses: { 200: jsonAnswer(decodedInvoice, 'Its fields.'), ...failure },
    }),
    async context => context.json(toJson(await node.decodeInvoice(context.req.valid('json'))), 200),
  )
}
