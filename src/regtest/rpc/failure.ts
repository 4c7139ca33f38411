import { err } from '../../base/index.ts'
import type { Reject } from '../reject.ts'

/** Why a call failed, as it goes into the answer. */
export interface RpcFailure {
  readonly code: number
  readonly message: string
}

/** The numbers of Bitcoin Core (`rpc/protocol.h`) that this server uses. */
export const RPC = {
  MISC_ERROR: -1,
  TYPE_ERROR: -3,
  INVALID_ADDRESS_OR_KEY: -5,
  INVALID_PARAMETER: -8,
  DATABASE_ERROR: -20,
  DESERIALIZATION_ERROR: -22,
  /** A transaction or block could not be taken; also: its inputs are missing. */
  VERIFY_ERROR: -25,
  /** The mempool's rules refuse the transaction. */
  VERIFY_REJECTED: -26,
  /** The transaction is confirmed already. */
  VERIFY_ALREADY_IN_UTXO_SET: -27,
  INVALID_REQUEST: -32600,
  METHOD_NOT_FOUND: -32601,
  PARSE_ERROR: -32700,
} as const

export function fail(code: number, message: string): { readonly ok: false; readonly error: RpcFailure } {
  return err({ code, message })
}

/** Core's one line for a refusal (`ValidationState::ToString`): the reason, then what is known besides. */
export function rejectText({ reason, details }: Reject): string {
  // Core has nothing to add here, and wallets compare the whole text.
  return reason === 'bad-txns-inputs-missingorspent' || details === '' ? reason : `${reason}, ${details}`
}
