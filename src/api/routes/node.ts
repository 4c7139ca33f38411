import { createRoute } from '@hono/zod-openapi'
import { tokenIdOf } from '../auth.ts'
import { toJson } from '../json.ts'
import { repeatableHeaders } from '../schemas/idempotency.ts'
import { address, balance, info, sendRequest, sent, stopping } from '../schemas/node.ts'
import { present } from '../schemas/values.ts'
import { type ApiApp, type Desk, failure, jsonAnswer, jsonBody, open } from './desk.ts'

/** The node itself, and its coins on chain. */
export function nodeRoutes(app: ApiApp, desk: Desk): void {
  const { node } = desk
  app.openapi(
    createRoute({
      ...open(desk, ['read']),
      method: 'get',
      path: '/v1/info',
      operationId: 'info',
      summary: 'Who this node is and how it is.',
      responses: { 200: jsonAnswer(info, 'The node.'), ...failure },
    }),
    async context => context.json(toJson(await node.info()), 200),
  )
  app.openapi(
    createRoute({
      ...open(desk, ['admin']),
      method: 'post',
      path: '/v1/addresses',
      operationId: 'newAddress',
      summary: 'An address on chain to pay this node to.',
      responses: { 200: jsonAnswer(address, 'The address.'), ...failure },
    }),
    async context => context.json(toJson(await node.newAddress()), 200),
  )
  app.openapi(
    createRoute({
      ...open(desk, ['read']),
      method: 'get',
      path: '/v1/balance',
      operationId: 'balance',
      summary: 'What is on chain and what is in channels.',
      responses: { 200: jsonAnswer(balance, 'The sums.'), ...failure },
    }),
    async context => context.json(toJson(await node.balance()), 200),
  )
  app.openapi(
    createRoute({
      ...open(desk, ['spend']),
      method: 'post',
      path: '/v1/send',
      operationId: 'send',
      summary: 'Sends coins on chain.',
      request: { headers: repeatableHeaders, body: jsonBody(sendRequest) },
      responses: { 200: jsonAnswer(sent, 'The transaction.'), ...failure },
    }),
    async context => {
      const { 'Idempotency-Key': idempotencyKey } = context.req.valid('header')
      const request = present({ ...context.req.valid('json'), idempotencyKey })
      return context.json(toJson(await node.send({ ...request, ...tokenIdOf(context.var.caller) })), 200)
    },
  )
}

/** What is done to the node as a program. */
export function operationRoutes(app: ApiApp, desk: Desk): void {
  app.openapi(
    createRoute({
      ...open(desk, ['admin']),
      method: 'post',
      path: '/v1/backup',
      operationId: 'backup',
      summary: 'Everything that is needed on an empty directory, encrypted under a key of the seed. Holds no seed.',
      responses: {
        200: {
          description: 'The file.',
          content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
        },
        ...failure,
      },
    }),
    async context => {
      const bytes = await desk.node.backup()
      return context.body(new Uint8Array(bytes), 200, { 'Content-Type': 'application/octet-stream' })
    },
  )
  app.openapi(
    createRoute({
      ...open(desk, ['admin']),
      method: 'post',
      path: '/v1/stop',
      operationId: 'stop',
      summary: 'Stops the node: it finishes what is being written, and says goodbye to its peers.',
      responses: { 202: jsonAnswer(stopping, 'It is about to stop.'), ...failure },
    }),
    context => {
      context.env.outgoing.once('close', () => desk.onStop())
      return context.json({ stopping: true as const }, 202, { Connection: 'close' })
    },
  )
}
