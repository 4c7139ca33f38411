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
