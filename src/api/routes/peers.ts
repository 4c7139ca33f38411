import { createRoute } from '@hono/zod-openapi'
import { toJson } from '../json.ts'
import { connected, peerAddress, peerPath, peers } from '../schemas/peers.ts'
import { present } from '../schemas/values.ts'
import { type ApiApp, type Desk, failure, jsonAnswer, jsonBody, NO_CONTENT, open } from './desk.ts'

export function peerRoutes(app: ApiApp, desk: Desk): void {
  const { node } = desk
  app.openapi(
    createRoute({
      ...open(desk, ['read']),
      method: 'get',
      path: '/v1/peers',
      operationId: 'peers',
      summary: 'The peers that are connected or have a channel.',
      responses: { 200: jsonAnswer(peers, 'The peers.'), ...failure },
    }),
    async context => context.json(toJson(await node.peers()), 200),
  )
  app.openapi(
    createRoute({
      ...open(desk, ['admin']),
      method: 'post',
      path: '/v1/peers',
      operationId: 'connect',
      summary: 'Connects to a peer, and again whenever it is lost. Twice is no error.',
      request: { body: jsonBody(peerAddress) },
      responses: { 200: jsonAnswer(connected, 'Connected: both have said what they can do.'), ...failure },
    }),
    async context => {
      const request = present(context.req.valid('json'))
      // Whoever asked for it and has gone waits for it no more.
      const answer = await node.connect({ ...request, signal: context.req.raw.signal })
      return context.json(toJson(answer), 200)
    },
  )
  app.openapi(
    createRoute({
      ...open(desk, ['admin']),
      method: 'delete',
      path: '/v1/peers/{nodeId}',
      operationId: 'disconnect',
      summary: 'Lets a peer go, and dials it no more.',
      request: { params: peerPath },
      responses: { 204: NO_CONTENT, ...failure },
    }),
    async context => {
      await node.disconnect(context.req.valid('param'))
      return context.body(null, 204)
    },
  )
}
