import { readFileSync, writeFileSync } from 'node:fs'
import type { Failure } from './run.ts'

/** What seeds told: for a run that has to tell the same, on another version of Node. */
export interface KeptHashes {
  readonly node: string
  readonly mode: string
  readonly nodes: number
  /** Absent where each seed chooses. */
  readonly deeds?: number
  /** By seed. */
  readonly hashes: Readonly<Record<string, string>>
}

export function writeHashes(
  file: string,
  about: Omit<KeptHashes, 'node' | 'hashes'>,
  told: readonly { readonly seed: string; readonly traceHash: string }[],
): void {
  const hashes = Object.fromEntries(told.map(({ seed, traceHash }) => [seed, traceHash]))
  const kept: KeptHashes = { node: process.version, ...about, hashes }
  writeFileSync(file, `${JSON.stringify(kept, undefined, 1)}\n`)
}

/** Throws where the file has nothing to compare with. */
export function readHashes(file: string): KeptHashes {
  const read: unknown = JSON.parse(readFileSync(file, 'utf8'))
  if (typeof read !== 'object' || read === null || !('hashes' in read) || !('mode' in read) || !('nodes' in read))
    throw new Error(`${file} was not written by --hashes`)
  // It has what a run writes; whatever else somebody has put into it shows as another hash.
  const kept = read as KeptHashes
  if (Object.keys(kept.hashes).length === 0) throw new Error(`${file} has no seeds`)
  return kept
}

/** Where a seed tells something else than it did. */
export function hashFailure(
  { node, hashes }: KeptHashes,
  { seed, traceHash }: { readonly seed: string; readonly traceHash: string },
): Failure | undefined {
  if (hashes[seed] === traceHash) return undefined
  const message = `Node ${process.version} tells ${traceHash} instead of ${hashes[seed]}, as Node ${node} did`
  return { rule: 'one seed, one trace', message }
}
