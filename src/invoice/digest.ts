import { concat, utf8Encode } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'
import { wordsToPaddedBytes } from './words.ts'

/** What the payee signs: the readable part in lower case, then the data but the signature, as bytes (BOLT 11, Data Part). */
export function invoiceDigest(prefix: string, signed: Uint8Array): Uint8Array {
  return sha256(concat(utf8Encode(prefix), wordsToPaddedBytes(signed)))
}
