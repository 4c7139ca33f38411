import type { OpenAPIHono, z } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import type { TokenScope } from '../../engine/index.ts'
import type { BookendNode } from '../../node/index.ts'
import { type Authenticate, requireScope } from '../auth.ts'
import type { ApiEnv } from '../env.ts'
import type { ApiLimits } from '../limits.ts'
import { errorAnswer } from '../schemas/error.ts'

// What every route is given, and what every route says about itself in the same words.

export type ApiApp = OpenAPIHono<ApiEnv>

export interface Desk {
  readonly node: BookendNode
  readonly authenticate: Authenticate
  readonly readBody: MiddlewareHandler<ApiEnv>
  readonly limits: ApiLimits
  /** Our own troubles, without secrets. */
  readonly log: (text: string) => void
  /** Asks the program to stop the node; the answer is out by then. */
  readonly onStop: () => void
  /** The API closes: streams end. */
  readonly closing: AbortSignal
}

/** Whom a route serves: it stands in the document, and in front of the route. First the token, then the body. */
export function open(desk: Desk, scopes: readonly TokenScope[]) {
  const guard: MiddlewareHandler<ApiEnv> = async (context, next) => {
    const caller = await desk.authenticate(context.req.header('authorization'))
    requireScope(caller, scopes)
    context.set('caller', caller)
    await next()
  }
  return {
    security: [{ bearer: [...new Set([...scopes, 'admin'])] }],
    middleware: [guard, desk.readBody],
  }
}

export const jsonBody = <T extends z.ZodType>(schema: T) => ({
  required: true as const,
  content: { 'application/json': { schema } },
})

export const jsonAnswer = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})

/** Every route can fail, and always in this shape. */
export const failure = { default: jsonAnswer(errorAnswer, 'What went wrong, and what to do.') }

export const NO_CONTENT = { description: 'Done.' }

/** Of server-sent events. Proxies pass them on as they come; nothing follows on the connection. */
export const STREAM_HEADERS = { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no', Connection: 'close' }
