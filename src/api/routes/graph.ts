import { createRoute } from '@hono/zod-openapi'
import type { GraphChannelInfo } from '../../node/index.ts'
import { toJson } from '../json.ts'
import { graphNode, graphNodePath, graphPage, graphQuery, graphSummary } from '../schemas/graph.ts'
import { present } from '../schemas/values.ts'
import { type ApiApp, type Desk, failure, jsonAnswer, open } from './desk.ts'

/** The network as gossip tells of it. */
export function graphRoutes(app: ApiApp, desk: Desk): void {
  const { node } = desk
  app.openapi(
    createRoute({
      ...open(desk, ['read']),
      method: 'get',
      path: '/v1/graph',
      operationId: 'graphSummary',
      summary: 'How much of the network is known.',
      responses: { 200: jsonAnswer(graphSummary, 'The sums.'), ...failure },
    }),
    async context => context.json(toJson(await node.graphSummary()), 200),
  )
  app.openapi(
    createRoute({
      ...open(desk, ['read']),
      method: 'get',
      path: '/v1/graph/channels',
      operationId: 'graph',
      summary: 'The public channels between any two nodes, a page at a time.',
      request: { query: graphQuery },
      responses: { 200: jsonAnswer(graphPage, 'A page.'), ...failure },
    }),
    async context => {
      const { channels, next } = await node.graph(present(context.req.valid('query')))
      return context.json({ ...toJson({ next }), channels: channels.map(channelJson) }, 200)
    },
  )
  app.openapi(
    createRoute({
      ...open(desk, ['read']),
      method: 'get',
      path: '/v1/graph/nodes/{nodeId}',
      operationId: 'graphNode',
      summary: 'A node of the network: what it says of itself, and its public channels.',
      request: { params: graphNodePath },
      responses: { 200: jsonAnswer(graphNode, 'The node.'), ...failure },
    }),
    async context => {
      const { channels, ...rest } = await node.graphNode(context.req.valid('param'))
      return context.json({ ...toJson(rest), channels: channels.map(channelJson) }, 200)
    },
  )
}

/** A side that has said nothing keeps its place in the pair. */
const channelJson = ({ policies, ...channel }: GraphChannelInfo) => ({
  ...toJson(channel),
  policies: policies.map(policy => (policy === undefined ? null : toJson(policy))),
})
