import { utf8Encode } from '../base/index.ts'
import { constantTimeEqual, sha256 } from '../crypto/index.ts'
import type { TokenScope } from '../engine/index.ts'
import type { BookendNode } from '../node/index.ts'
import type { Caller } from './env.ts'
import { noToken, outOfScope, unknownToken } from './failures.ts'
import { RefusedError } from './refuse.ts'

/** Finds out who calls, by the value of the header. Throws a `RefusedError` for a stranger. */
export type Authenticate = (header: string | undefined) => Promise<Caller>

const BEARER = /^Bearer +([\x21-\x7e]{1,512})$/i

export function authenticator(node: Pick<BookendNode, 'tokenOf'>, adminSecret: string): Authenticate {
  // Hashed, so that their length shows no more than their bytes do.
  const owner = sha256(utf8Encode(adminSecret))
  return async header => {
    if (header === undefined) throw new RefusedError(noToken())
    const secret = BEARER.exec(header)?.[1]
    if (secret === undefined) throw new RefusedError(unknownToken())
    if (constantTimeEqual(sha256(utf8Encode(secret)), owner)) return { kind: 'owner' }
    const token = await node.tokenOf(secret)
    if (token === undefined) throw new RefusedError(unknownToken())
    return { kind: 'token', token }
  }
}

/** One of the scopes is enough; `admin` is always. */
export function hasScope(caller: Caller, scopes: readonly TokenScope[]): boolean {
  if (caller.kind === 'owner') return true
  return caller.token.scopes.some(scope => scope === 'admin' || scopes.includes(scope))
}

export function requireScope(caller: Caller, scopes: readonly TokenScope[]): void {
  if (!hasScope(caller, scopes)) throw new RefusedError(outOfScope([...new Set([...scopes, 'admin'])]))
}

/** What the node books a payment on; the owner has no budget. */
export const tokenIdOf = (caller: Caller): { readonly token?: string } =>
  caller.kind === 'token' ? { token: caller.token.id } : {}
