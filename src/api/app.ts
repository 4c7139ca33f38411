import { OpenAPIHono } from '@hono/zod-openapi'
import type { ApiEnv } from './env.ts'
import { invalidRequest } from './invalid.ts'
import { openApiDocument } from './openapi.ts'
import { answerError, answerUnknown, RefusedError } from './refuse.ts'
import { channelRoutes } from './routes/channels.ts'
import type { ApiApp, Desk } from './routes/desk.ts'
import { eventRoutes } from './routes/events.ts'
import { graphRoutes } from './routes/graph.ts'
import { invoiceRoutes } from './routes/invoices.ts'
import { nodeRoutes, operationRoutes } from './routes/node.ts'
import { paymentRoutes } from './routes/payments.ts'
import { peerRoutes } from './routes/peers.ts'
import { tokenRoutes } from './routes/tokens.ts'

/** All routes, as a function from a request to an answer. */
export function createApp(desk: Desk, version: string): ApiApp {
  const app: ApiApp = new OpenAPIHono<ApiEnv>({
    defaultHook: result => {
      if (!result.success) throw new RefusedError(invalidRequest(result.target, result.error.issues))
    },
  })
  nodeRoutes(app, desk)
  peerRoutes(app, desk)
  channelRoutes(app, desk)
  invoiceRoutes(app, desk)
  paymentRoutes(app, desk)
  graphRoutes(app, desk)
  eventRoutes(app, desk)
  tokenRoutes(app, desk)
  operationRoutes(app, desk)
  const document = openApiDocument(app, version)
  app.get('/v1/openapi.json', context => context.json(document))
  app.onError((error, context) => answerError(error, context, desk.log))
  app.notFound(context => answerUnknown(context, (method, path) => app.router.match(method, path)[0].length > 0))
  return app
}
