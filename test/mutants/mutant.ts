import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { PlanOptions } from '../../src/sim/plan.ts'
import type { ClassId } from './classes.ts'

/** A fault that a developer could make in good faith: one place of the source, changed. */
export interface Mutant {
  /** Words with hyphens, unique. */
  readonly id: string
  /** Of what has happened to others. */
  readonly class: ClassId
  /** One sentence: what it would cost. */
  readonly incident: string
  /** Below `src/`. */
  readonly file: string
  /** Occurs once in the file. */
  readonly find: string
  readonly replace: string
  /** What has to happen before it can be seen, where that is more than payments, cuts, crashes, closes and blocks. */
  readonly needs?: string
  /** Options of the seeds that it is looked for in, where ordinary ones meet it too seldom. */
  readonly plan?: Partial<Pick<PlanOptions, 'faults' | 'adversary' | 'nodes' | 'deeds' | 'checks' | 'isOlder'>> & {
    /** Small channels, two at a time, and large payments. */
    readonly isInParts?: true
    /** All is held, until it is hard for the node of who holds it. */
    readonly isInHolds?: true
    /** Everything goes over the hostile one. */
    readonly isOverTheLast?: true
  }
}

export type Mutated =
  | { readonly ok: true; readonly text: string }
  /** A sentence: a refactoring has moved what the mutant changes, and somebody has to look at it. */
  | { readonly ok: false; readonly complaint: string }

/** The text of the mutant's file with the fault in it. */
export function mutated({ id, file, find, replace }: Mutant, text: string): Mutated {
  const places = find === '' ? 0 : text.split(find).length - 1
  if (places !== 1) {
    const complaint = `mutant ${id} expects its text once in src/${file}, and it is there ${places} times: look for where that code is now.`
    return { ok: false, complaint }
  }
  if (find === replace) return { ok: false, complaint: `mutant ${id} changes nothing in src/${file}.` }
  // A function, since `$` means something else in a replacement that is a string.
  return { ok: true, text: text.replace(find, () => replace) }
}

export const urlOf = ({ file }: Pick<Mutant, 'file'>): URL => new URL(`../../src/${file}`, import.meta.url)

export function sourceOf(mutant: Pick<Mutant, 'file'>): string {
  return readFileSync(fileURLToPath(urlOf(mutant)), 'utf8')
}

/** How a process ends whose mutant could not be planted: neither as one that found something nor as one that did not. */
export const NOT_PLANTED = 70

/** What a process says once the fault is in its code. */
export const planted = ({ id, file }: Pick<Mutant, 'id' | 'file'>): string =>
  `The mutant ${id} is planted in src/${file}.`
