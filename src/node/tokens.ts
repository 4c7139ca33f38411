import { fromHex, parseHex, pmapValues, toHex } from '../base/index.ts'
import { constantTimeEqual, sha256 } from '../crypto/index.ts'
import type { Token } from '../engine/index.ts'
import type { NodeDesk } from './desk.ts'
import { replyOf } from './requests.ts'
import type { TokenRequest } from './types.ts'

// Keys to the API that may do less than everything.

const TOKEN_SECRET_BYTES = 32
const TOKEN_ID_BYTES = 8

export async function createToken(
  desk: NodeDesk,
  { name, scopes, budgetMsat }: TokenRequest,
): Promise<{ readonly token: Token; readonly secret: string }> {
  const { randomBytes } = desk
  const secret = toHex(randomBytes(TOKEN_SECRET_BYTES))
  const reply = await desk.ask(request => ({
    type: 'payment',
    input: {
      type: 'create_token',
      request,
      id: toHex(randomBytes(TOKEN_ID_BYTES)),
      name,
      scopes,
      secretHash: toHex(sha256(fromHex(secret))),
      ...(budgetMsat !== undefined && { budgetMsat }),
    },
  }))
  return { token: replyOf(reply, 'token').token, secret }
}

export function listTokens(desk: NodeDesk): readonly Token[] {
  return [...pmapValues(desk.state().payments.tokens)]
}

export async function revokeToken(desk: NodeDesk, id: string): Promise<void> {
  await desk.ask(request => ({ type: 'payment', input: { type: 'revoke_token', request, id } }))
}

/** Constant-time in the secret. */
export function tokenOf(desk: NodeDesk, secret: string): Token | undefined {
  const bytes = parseHex(secret)
  if (!bytes.ok || bytes.value.length !== TOKEN_SECRET_BYTES) return undefined
  const hash = sha256(bytes.value)
  return listTokens(desk).find(({ secretHash }) => constantTimeEqual(fromHex(secretHash), hash))
}
