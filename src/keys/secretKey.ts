import { assert } from '../base/index.ts'
import { isSecretKey } from '../crypto/index.ts'

/** A hash is no secret key once in 2^128 times, so one that is none comes from a bug. */
export function secretKey(secret: Uint8Array): Uint8Array {
  assert(isSecretKey(secret), 'a derived secret is no secret key')
  return secret
}
