// Coverage of the specification in words, and for several of them at once.
import type { Coverage, Share, Shares } from './specCoverage.ts'

/** One line for all, and one each for the kinds of states and of moves. */
export function coverageLines(htlcs: number, { states, edges, byKind }: Shares): readonly string[] {
  const counted = `${htlcs} HTLC${htlcs === 1 ? '' : 's'}`
  return [
    `Of the specification with ${counted}: ${inFull(states)} states, ${inFull(edges)} moves.`,
    `  states: ${kinds(byKind.states)}`,
    `  moves: ${kinds(byKind.edges)}`,
  ]
}

export const isWhole = ({ states, edges }: Coverage): boolean => states.seen === states.of && edges.seen === edges.of

/** What any of them has seen. */
export function seenIn(coverages: readonly Coverage[]): ReturnType<Coverage['seen']> {
  const seen = coverages.map(coverage => coverage.seen())
  return {
    states: [...new Set(seen.flatMap(({ states }) => states))],
    edges: [...new Set(seen.flatMap(({ edges }) => edges))],
  }
}

const inFull = ({ seen, of }: Share): string => `${seen} of ${of} (${((100 * seen) / of).toFixed(1)} %)`

const kinds = (shares: Readonly<Record<string, Share>>): string =>
  Object.entries(shares)
    .map(([kind, { seen, of }]) => `${kind} ${seen}/${of}`)
    .join(', ')
