import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Mutant } from './mutant.ts'

// What is known of each mutant, kept between runs: so a run goes on where the one before it stood.

export interface Kept {
  /** Of what the mutant changes: another change is another mutant. */
  readonly row: string
  readonly firstSeed: number
  /** Up to the kill; while it lives, how many it has survived. */
  readonly seedsRun: number
  readonly outcome: 'killed' | 'endless' | 'alive'
  readonly seed?: string
  readonly rule?: string
  /** The first line. */
  readonly message?: string
}

/** By id. */
export type Results = Readonly<Record<string, Kept>>

export function rowHash({ file, find, replace, plan }: Mutant): string {
  return createHash('sha256')
    .update(JSON.stringify([file, find, replace, ...(plan === undefined ? [] : [plan])]))
    .digest('hex')
    .slice(0, 16)
}

/** Nothing where there is no file yet. */
export function readResults(path: string): Results {
  // Only `writeResults` writes it.
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Results) : {}
}

/** In the order of the ids, so that two runs give one file. */
export function writeResults(path: string, results: Results): void {
  const sorted = Object.fromEntries(Object.entries(results).sort(([a], [b]) => (a < b ? -1 : 1)))
  writeFileSync(`${path}.new`, `${JSON.stringify(sorted, undefined, 2)}\n`)
  renameSync(`${path}.new`, path)
}

/** What still counts for this mutant. */
export function keptOf(results: Results, mutant: Mutant, firstSeed: number): Kept | undefined {
  const kept = results[mutant.id]
  return kept?.row === rowHash(mutant) && kept.firstSeed === firstSeed ? kept : undefined
}
