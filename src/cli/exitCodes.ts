import type { BookendErrorCode } from '../base/index.ts'

// The one table of exit codes. Stable: scripts rely on it.

/** What each exit code means. */
export const EXIT_CODES: Readonly<Record<number, string>> = {
  0: 'done',
  1: 'failed, for a reason that has no code of its own',
  2: 'what was typed or asked for makes no sense',
  3: 'the node does not run, or cannot be reached',
  4: 'the node refuses: no token, an unknown one, or one that may not do this or has spent its budget',
  5: 'the payment failed, and no money left',
  6: 'not enough money',
  7: 'the peer cannot be reached, or does not want to',
  8: 'the chain does not answer',
  9: 'the data directory cannot be used, such as when another process has it',
  10: 'wrong passphrase',
  11: 'wrong network',
  12: 'another program has the port',
  13: 'there is no such thing',
  14: 'not possible now, or against what was asked before',
  15: 'a limit is reached',
  16: 'it took too long, and what came of it is not known yet',
  17: 'the disk is full or does not work',
  130: 'interrupted',
}

export const EXIT_OK = 0
export const EXIT_FAILED = 1
export const EXIT_USAGE = 2
export const EXIT_PAYMENT_FAILED = 5
export const EXIT_TIMEOUT = 16
export const EXIT_INTERRUPTED = 130

export const EXIT_OF_ERROR: Readonly<Record<BookendErrorCode, number>> = {
  bad_request: EXIT_USAGE,
  not_found: 13,
  not_possible_now: 14,
  conflict: 14,
  insufficient_funds: 6,
  limit_reached: 15,
  unauthorized: 4,
  forbidden: 4,
  budget_exceeded: 4,
  peer_unreachable: 7,
  peer_refused: 7,
  payment_failed: EXIT_PAYMENT_FAILED,
  timeout: EXIT_TIMEOUT,
  aborted: EXIT_INTERRUPTED,
  chain_unavailable: 8,
  wrong_network: 11,
  wrong_passphrase: 10,
  address_in_use: 12,
  data_directory: 9,
  disk: 17,
  stopped: 3,
  internal: EXIT_FAILED,
}

/** The table for people, as `bookend help` ends with it. */
export function exitCodesHelp(): string {
  const lines = Object.entries(EXIT_CODES).map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`)
  return ['Exit codes:', ...lines].join('\n')
}
