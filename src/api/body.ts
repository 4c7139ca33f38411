import type { IncomingMessage } from 'node:http'
import type { MiddlewareHandler } from 'hono'
import type { ApiEnv } from './env.ts'
import { bodyTooLarge, wrongContentType } from './failures.ts'
import { RefusedError } from './refuse.ts'

/** Reads the body within its bound, before anything looks at it. Stands behind the check of the token: a stranger's is not read. */
export function boundedBody(maxBytes: number): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    const { incoming } = context.env
    if (incoming.method !== 'GET') {
      const body = await readBody(incoming, maxBytes)
      const contentType = context.req.header('content-type')
      if (body.length > 0 && !isJson(contentType)) throw new RefusedError(wrongContentType(contentType))
      // The adapter takes a body that was read before it from here.
      Object.assign(incoming, { rawBody: body })
    }
    await next()
  }
}

const isJson = (contentType: string | undefined): boolean =>
  contentType?.split(';')[0]?.trim().toLowerCase() === 'application/json'

async function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) throw new RefusedError(bodyTooLarge(maxBytes))
  const chunks: Buffer[] = []
  let length = 0
  // Leaving the loop early must not end the connection: the refusal goes out over it.
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    // A request without an encoding gives bytes.
    const bytes = chunk as Buffer
    length += bytes.length
    if (length > maxBytes) throw new RefusedError(bodyTooLarge(maxBytes))
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}
