import { ChainError } from '../ports/index.ts'

// Sentences that every adapter has use for.

export function closed(): ChainError {
  return new ChainError('unreachable', 'This view of the chain is closed.')
}

const LONGEST_QUOTE = 200

/** Text from outside in a sentence of ours: one line, not too long. */
export function quoted(text: string): string {
  const line = text.replace(/[\p{C}\s]+/gu, ' ').trim()
  return line.length <= LONGEST_QUOTE ? line : `${line.slice(0, LONGEST_QUOTE - 1)}…`
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection cut',
  EPIPE: 'connection cut',
  ENOTFOUND: 'no host has this name',
  EAI_AGAIN: 'the name of the host cannot be looked up',
  EHOSTUNREACH: 'no way to this host',
  ENETUNREACH: 'no way to its network',
  ETIMEDOUT: 'no connection in time',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by nobody that this computer trusts',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by nobody that this computer trusts',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
}

/** Why a connection failed, to stand in brackets. */
export function networkReason({ code = '', message }: NodeJS.ErrnoException): string {
  return REASONS[code] ?? (code === '' ? message : code)
}
