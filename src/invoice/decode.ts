import { byteAt, compareBytes, fromHex, type NodeId, nodeId, type Result } from '../base/index.ts'
import { recoverPublicKey, verifyEcdsa } from '../crypto/index.ts'
import { invoiceDigest } from './digest.ts'
import { attempt, type InvoiceFailure, refuse } from './failure.ts'
import { SIGNATURE_WORDS, TIMESTAMP_WORDS } from './limits.ts'
import { readPrefix } from './prefix.ts'
import { readFields } from './readFields.ts'
import { splitFields } from './taggedFields.ts'
import { checkedWords, splitText } from './text.ts'
import type { Invoice } from './types.ts'
import { wordsToBytes, wordsToInteger } from './words.ts'

const SECTION = 'Data Part'

/** Half of the order of secp256k1, rounded down: the highest S that is low (BIP 146, LOW_S). */
const HIGHEST_LOW_S = fromHex('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0')

/**
 * Reads a payment request of BOLT 11, in upper or lower case, without `lightning:` before it. Its signature is checked
 * against the payee that it names, or its payee is recovered from the signature. Whether it has expired is another question
 * (`invoiceIsExpired`), and so is the network that one is on. Never throws, whatever the text.
 */
export function decodeInvoice(text: string): Result<Invoice, InvoiceFailure> {
  return attempt(() => {
    const parts = splitText(text)
    const prefix = readPrefix(parts.prefix)
    const words = checkedWords(parts)
    const least = TIMESTAMP_WORDS + SIGNATURE_WORDS
    if (words.length < least) refuse('too_short', `at least ${least} characters of data`, `${words.length}`, SECTION)
    const signed = words.subarray(0, words.length - SIGNATURE_WORDS)
    const fields = readFields(splitFields(signed.subarray(TIMESTAMP_WORDS)))
    const signature = wordsToBytes(words.subarray(signed.length), 'the signature')
    const payee = checkedPayee(signature, invoiceDigest(parts.prefix, signed), fields.namedPayee)
    return { ...prefix, timestamp: wordsToInteger(signed.subarray(0, TIMESTAMP_WORDS)), ...fields, payee }
  })
}

/** `signature`: r, s and the recovery id, 65 bytes. Only without a named payee may S be high (BOLT 11, Tagged Fields, reader). */
function checkedPayee(signature: Uint8Array, digest: Uint8Array, named: NodeId | undefined): NodeId {
  const compact = signature.subarray(0, 64)
  if (named === undefined) {
    const recovered = recoverPublicKey(compact, byteAt(signature, 64), digest)
    if (recovered !== undefined) return nodeId(recovered)
    return refuse('bad_signature', 'a signature that a public key can be recovered from', 'one that fits none', SECTION)
  }
  if (compareBytes(compact.subarray(32), HIGHEST_LOW_S) > 0)
    refuse('high_s_signature', 'a low S, because the payee is named (n)', 'a high S', 'Tagged Fields')
  if (!verifyEcdsa(compact, digest, fromHex(named)))
    refuse('bad_signature', `a signature by the payee that is named, ${named}`, 'one by another key', SECTION)
  return named
}
