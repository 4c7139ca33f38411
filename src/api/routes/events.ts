import { createRoute } from '@hono/zod-openapi'
import { hasScope } from '../auth.ts'
import { eventStream } from '../eventStream.ts'
import { tooManyStreams } from '../failures.ts'
import { RefusedError } from '../refuse.ts'
import { eventsHeaders, eventsQuery, nodeEvent } from '../schemas/events.ts'
import { type ApiApp, type Desk, failure, open, STREAM_HEADERS } from './desk.ts'

const READ = ['read'] as const

export function eventRoutes(app: ApiApp, desk: Desk): void {
  const { node, limits, closing } = desk
  let streams = 0
  app.openapi(
    createRoute({
      ...open(desk, READ),
      method: 'get',
      path: '/v1/events',
      operationId: 'events',
      summary: 'What happens, as server-sent events out of the durable log.',
      description:
        'Each message has `id`: the number of the event, `event`: its type, `data`: the event as JSON. With `Last-Event-ID` or `after` it goes on behind that number, else with what comes. A comment now and then says that the stream is alive; a reader that does not read is dropped and may resume.',
      request: { query: eventsQuery, headers: eventsHeaders },
      responses: {
        200: { description: 'The stream.', content: { 'text/event-stream': { schema: nodeEvent } } },
        ...failure,
      },
    }),
    async context => {
      const { 'Last-Event-ID': lastEventId } = context.req.valid('header')
      if (streams >= limits.maxEventStreams) throw new RefusedError(tooManyStreams(limits.maxEventStreams))
      streams += 1
      try {
        // A reader that begins now is told where it stands, so that it misses nothing if it has to begin again.
        const after = lastEventId ?? context.req.valid('query').after ?? (await node.info()).lastEvent
        const authorization = context.req.header('authorization')
        const stream = eventStream({
          source: signal => node.events({ after, signal }),
          after,
          limits,
          mayRead: async () => hasScope(await desk.authenticate(authorization), READ),
          drop: () => context.env.outgoing.destroy(),
          closing,
          onEnd: () => {
            streams -= 1
          },
          onError: error => desk.log(`GET /v1/events: ${error instanceof Error ? error.stack : String(error)}`),
        })
        return context.body(stream, 200, STREAM_HEADERS)
      } catch (error) {
        streams -= 1
        throw error
      }
    },
  )
}
