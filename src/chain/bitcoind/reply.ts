import type { BlockHash, Result } from '../../base/index.ts'
import { quoted } from '../words.ts'
import { badAnswer } from './errors.ts'

// What came back from a call, and how to read it without trusting it.

/** What bitcoind says when it refuses a call. */
export interface RpcRefusal {
  readonly code: number
  readonly message: string
}

export type RpcReply = Result<unknown, RpcRefusal>

/** Numbers of Bitcoin Core's rpc/protocol.h. */
export const RPC = {
  MISC_ERROR: -1,
  INVALID_ADDRESS_OR_KEY: -5,
  INVALID_PARAMETER: -8,
  DESERIALIZATION_ERROR: -22,
  TRANSACTION_ERROR: -25,
  TRANSACTION_REJECTED: -26,
  ALREADY_IN_UTXO_SET: -27,
  IN_WARMUP: -28,
  METHOD_NOT_FOUND: -32601,
  INTERNAL_ERROR: -32603,
} as const

/** The result of a call that is not to be refused. */
export function granted(where: string, method: string, reply: RpcReply): unknown {
  if (reply.ok) return reply.value
  throw refused(where, method, reply.error)
}

export function refused(where: string, method: string, { code, message }: RpcRefusal): Error {
  return badAnswer(where, method, `an error (${quoted(message)}, code ${code})`)
}

/** A value from JSON as an object, where it is one. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  // Objects of JSON have nothing but fields.
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
}

export function heightOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

export function hashOf(value: unknown): BlockHash | undefined {
  // Checked here, which is what the brand says.
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? (value as BlockHash) : undefined
}
