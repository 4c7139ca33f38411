import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { BookendError } from '../base/index.ts'
import type { ApiEnv } from './env.ts'
import {
  callerGone,
  errorJson,
  malformedJson,
  methodNotAllowed,
  type Refusal,
  refusalOf,
  unknownRoute,
  wentWrong,
  wrongContentType,
} from './failures.ts'
import type { ErrorJson } from './schemas/error.ts'

/** Thrown by what stands before a route; `answerError` makes the answer of it. */
export class RefusedError extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.error.message)
    this.refusal = refusal
  }
}

export function refuse(context: Context<ApiEnv>, { status, error, headers = {} }: Refusal): Response {
  // The statuses of our table all have a body.
  return context.json(errorJson(error), status as ContentfulStatusCode, { ...headers })
}

/** Everything that was thrown, as an answer. What nobody foresaw goes to the log, and not to the caller. */
export function answerError(error: unknown, context: Context<ApiEnv>, log: (text: string) => void): Response {
  if (error instanceof RefusedError) return refuse(context, error.refusal)
  if (error instanceof BookendError) return refuse(context, refusalOf(error))
  if (error instanceof HTTPException) {
    // Of the two that the validators throw.
    const isMediaType = error.status === 415
    return refuse(context, isMediaType ? wrongContentType(context.req.header('content-type')) : malformedJson())
  }
  if (context.env.incoming.destroyed && !context.env.incoming.complete) return refuse(context, callerGone())
  log(`${context.req.method} ${context.req.path}: ${error instanceof Error ? error.stack : String(error)}`)
  return refuse(context, wentWrong())
}

/** A failure behind an answer that has begun. What nobody foresaw goes to the log, and not to the caller. */
export function failureJson(error: unknown, log: (text: string) => void): ErrorJson {
  if (error instanceof BookendError) return errorJson(error)
  log(error instanceof Error ? (error.stack ?? error.message) : String(error))
  return errorJson(wentWrong().error)
}

const METHODS = ['GET', 'POST', 'DELETE'] as const

/** The path is known under another method, or not at all. */
export function answerUnknown(context: Context<ApiEnv>, knows: (method: string, path: string) => boolean): Response {
  const { method, path } = context.req
  const allowed = METHODS.filter(other => knows(other, path))
  return refuse(context, allowed.length > 0 ? methodNotAllowed(method, path, allowed) : unknownRoute(path))
}
