import { type CheckedLimits, DEFAULT_CHECKED_LIMITS } from '../checked/limits.ts'

/** What the servers may cost us, in time and in memory. */
export interface ElectrumLimits extends Omit<CheckedLimits, 'answerBytes'> {
  /** Of one line. */
  readonly lineBytes: number
}

const { answerBytes, ...shared } = DEFAULT_CHECKED_LIMITS

export const DEFAULT_ELECTRUM_LIMITS: ElectrumLimits = {
  ...shared,
  // A block is many questions.
  concurrent: 32,
  // The largest transaction in hexadecimal, and some words around it.
  lineBytes: 2 * answerBytes + 1000,
}
