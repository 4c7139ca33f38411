import { createRoute } from '@hono/zod-openapi'
import type { Token } from '../../engine/index.ts'
import { toJson } from '../json.ts'
import { createdToken, tokenPath, tokenRequest, tokens } from '../schemas/tokens.ts'
import { present } from '../schemas/values.ts'
import { type ApiApp, type Desk, failure, jsonAnswer, jsonBody, NO_CONTENT, open } from './desk.ts'

/** Tokens are the owner's: also to look at, since their names say who deals with the node. */
export function tokenRoutes(app: ApiApp, desk: Desk): void {
  const { node } = desk
  app.openapi(
    createRoute({
      ...open(desk, ['admin']),
      method: 'get',
      path: '/v1/tokens',
      operationId: 'tokens',
      summary: 'All tokens, without their secrets.',
      responses: { 200: jsonAnswer(tokens, 'The tokens.'), ...failure },
    }),
    async context => context.json((await node.tokens()).map(shown), 200),
  )
  app.openapi(
    createRoute({
      ...open(desk, ['admin']),
      method: 'post',
      path: '/v1/tokens',
      operationId: 'createToken',
      summary: 'A token for another program. Its secret is told once.',
      request: { body: jsonBody(tokenRequest) },
      responses: { 200: jsonAnswer(createdToken, 'The token and its secret.'), ...failure },
    }),
    async context => {
      const { token, secret } = await node.createToken(present(context.req.valid('json')))
      return context.json({ token: shown(token), secret }, 200)
    },
  )
  app.openapi(
    createRoute({
      ...open(desk, ['admin']),
      method: 'delete',
      path: '/v1/tokens/{id}',
      operationId: 'revokeToken',
      summary: 'From now on the token is not known.',
      request: { params: tokenPath },
      responses: { 204: NO_CONTENT, ...failure },
    }),
    async context => {
      await node.revokeToken(context.req.valid('param'))
      return context.body(null, 204)
    },
  )
}

/** The hash of the secret stays inside. */
function shown({ secretHash: _, ...token }: Token) {
  return toJson(token)
}
