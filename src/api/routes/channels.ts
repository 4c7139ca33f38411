import { createRoute } from '@hono/zod-openapi'
import { tokenIdOf } from '../auth.ts'
import { toJson } from '../json.ts'
import {
  channel,
  channelPath,
  channels,
  channelsQuery,
  closeRequest,
  closing,
  explanation,
  opened,
  openRequest,
} from '../schemas/channels.ts'
import { repeatableHeaders } from '../schemas/idempotency.ts'
import { channelPolicies, channelPolicy, policyRequest } from '../schemas/policies.ts'
import { present } from '../schemas/values.ts'
import { type ApiApp, type Desk, failure, jsonAnswer, jsonBody, open } from './desk.ts'

export function channelRoutes(app: ApiApp, desk: Desk): void {
  lookingRoutes(app, desk)
  movingRoutes(app, desk)
  policyRoutes(app, desk)
}

function lookingRoutes(app: ApiApp, desk: Desk): void {
  const { node } = desk
  app.openapi(
    createRoute({
      ...open(desk, ['read']),
      method: 'get',
      path: '/v1/channels',
      operationId: 'channels',
      summary: 'Open, opening and closing channels; closed ones too where asked for.',
      request: { query: channelsQuery },
      responses: { 200: jsonAnswer(channels, 'The channels.'), ...failure },
    }),
    async context => {
      const { closed } = context.req.valid('query')
      return context.json(toJson(await node.channels({ closed: closed === 'true' })), 200)
    },
  )
  app.openapi(
    createRoute({
      ...open(desk, ['read']),
      method: 'get',
      path: '/v1/channels/{channelId}',
      operationId: 'channel',
      summary: 'One channel.',
      request: { params: channelPath },
      responses: { 200: jsonAnswer(channel, 'The channel.'), ...failure },
    }),
    async context => context.json(toJson(await node.channel(context.req.valid('param'))), 200),
  )
  app.openapi(
    createRoute({
      ...open(desk, ['read']),
      method: 'get',
      path: '/v1/channels/{channelId}/explanation',
      operationId: 'explainChannel',
      summary: 'In plain words: where it stands, what each side could do on chain now, why it was closed if it was.',
      request: { params: channelPath },
      responses: { 200: jsonAnswer(explanation, 'The words.'), ...failure },
    }),
    async context => context.json(toJson(await node.explainChannel(context.req.valid('param'))), 200),
  )
}

function policyRoutes(app: ApiApp, desk: Desk): void {
  const { node } = desk
  app.openapi(
    createRoute({
      ...open(desk, ['read']),
      method: 'get',
      path: '/v1/policies',
      operationId: 'policies',
      summary: 'What the node asks for passing payments on, of each channel that is not closing.',
      responses: { 200: jsonAnswer(channelPolicies, 'The policies.'), ...failure },
    }),
    async context => context.json(toJson(await node.policies()), 200),
  )
  app.openapi(
    createRoute({
      ...open(desk, ['admin']),
      method: 'post',
      path: '/v1/channels/{channelId}/policy',
      operationId: 'setPolicy',
      summary: 'Changes what the node asks for passing payments on through a channel.',
      request: { params: channelPath, body: jsonBody(policyRequest) },
      responses: { 200: jsonAnswer(channelPolicy, 'As it is now.'), ...failure },
    }),
    async context => {
      const request = { ...present(context.req.valid('json')), ...context.req.valid('param') }
      return context.json(toJson(await node.setPolicy(request)), 200)
    },
  )
}

function movingRoutes(app: ApiApp, desk: Desk): void {
  const { node } = desk
  app.openapi(
    createRoute({
      ...open(desk, ['admin']),
      method: 'post',
      path: '/v1/channels',
      operationId: 'openChannel',
      summary: 'Opens a channel; connects first where there is an address.',
      request: { headers: repeatableHeaders, body: jsonBody(openRequest) },
      responses: { 200: jsonAnswer(opened, 'Signed for by both, and published.'), ...failure },
    }),
    async context => {
      const { 'Idempotency-Key': idempotencyKey } = context.req.valid('header')
      const { peer, ...rest } = context.req.valid('json')
      const request = { ...present({ ...rest, idempotencyKey }), peer: present(peer), ...tokenIdOf(context.var.caller) }
      // A caller that hangs up does not take it back: with the same key it asks again and gets the answer.
      return context.json(toJson(await node.openChannel(request)), 200)
    },
  )
  app.openapi(
    createRoute({
      ...open(desk, ['admin']),
      method: 'post',
      path: '/v1/channels/{channelId}/close',
      operationId: 'closeChannel',
      summary: 'Closes a channel with its peer, or by force without it.',
      request: { params: channelPath, body: { ...jsonBody(closeRequest), required: false as const } },
      responses: { 200: jsonAnswer(closing, 'It closes.'), ...failure },
    }),
    async context => {
      const request = { ...present(context.req.valid('json')), ...context.req.valid('param') }
      return context.json(toJson(await node.closeChannel(request)), 200)
    },
  )
}
