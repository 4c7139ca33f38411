import { randomUUID } from 'node:crypto'
import { BookendError } from '../../base/index.ts'

/** A call that moves money, under a key: when it is in doubt what came of it, the same key asks again and pays only once. */
export async function repeatable<T>(
  given: string | undefined,
  call: (idempotencyKey: string) => Promise<T>,
): Promise<T & { readonly idempotencyKey: string }> {
  const idempotencyKey = given ?? randomUUID()
  try {
    return { ...(await call(idempotencyKey)), idempotencyKey }
  } catch (error) {
    throw error instanceof BookendError ? withKey(error, idempotencyKey) : error
  }
}

export const KEY_OPTION = [
  '--idempotency-key <key>',
  'repeat a call safely: with the same key it is carried out once',
] as const

/** In doubt about what happened: the answer did not come. */
const DOUBTFUL: ReadonlySet<string> = new Set(['stopped', 'aborted', 'timeout', 'internal'])

function withKey(error: BookendError, idempotencyKey: string): BookendError {
  const { code, message, advice, facts, cause } = error
  // A connection that was refused has not begun anything.
  if (!DOUBTFUL.has(code) || facts.system === 'ECONNREFUSED') return error
  return new BookendError(code, message, {
    advice: `${advice} To be sure that it happens once, repeat it with --idempotency-key ${idempotencyKey}.`,
    facts: { ...facts, idempotencyKey },
    cause,
  })
}
