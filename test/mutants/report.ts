import type { FaultClass } from './classes.ts'
import type { Kept } from './kept.ts'
import type { Mutant } from './mutant.ts'
import { OPEN } from './open.ts'

// The table of mutants for documents and people.

export interface Judged {
  readonly mutant: Mutant
  readonly kept?: Kept
}

export interface Summary {
  readonly killed: number
  readonly alive: number
  readonly untried: number
  /** Of those that were killed: seeds that it took, at the median and at most. */
  readonly median?: number
  readonly most?: number
}

export function summaryOf(judged: readonly Judged[]): Summary {
  const killed = judged.flatMap(({ kept }) => (kept !== undefined && kept.outcome !== 'alive' ? [kept.seedsRun] : []))
  const seeds = killed.sort((a, b) => a - b)
  const [median, most] = [seeds[Math.floor((seeds.length - 1) / 2)], seeds.at(-1)]
  return {
    killed: seeds.length,
    alive: judged.filter(({ kept }) => kept?.outcome === 'alive').length,
    untried: judged.filter(({ kept }) => kept === undefined).length,
    ...(median !== undefined && { median }),
    ...(most !== undefined && { most }),
  }
}

export function sentenceOf({ killed, alive, untried, median, most }: Summary): string {
  const figures = median === undefined ? '' : `, at the median after ${median} seeds, at most after ${most}`
  return `${killed} of ${killed + alive + untried} mutants are killed${figures}; ${alive} are alive, ${untried} not tried.`
}

export function tableOf(judged: readonly Judged[], classes: readonly FaultClass[]): string {
  const rows = judged.map(({ mutant, kept }) => [
    `\`${mutant.id}\``,
    mutant.class,
    mutant.incident,
    seedsOf(kept),
    worldOf(mutant),
    kept?.outcome === 'killed' ? ruleOf(kept) : (OPEN[mutant.id] ?? ''),
  ])
  const without = classes.flatMap(({ id, words, notYet, guardedBy }) => {
    if (judged.some(({ mutant }) => mutant.class === id)) return []
    if (notYet !== undefined) return [[words, `comes with ${notYet.brings} (issue ${notYet.issue})`]]
    return guardedBy === undefined ? [] : [[words, `outside of the world: \`${guardedBy}\``]]
  })
  return [
    sentenceOf(summaryOf(judged)),
    '',
    ...markdown(['mutant', 'class', 'what it would cost', 'seeds', 'world', 'rule that broke, or why none did'], rows),
    '',
    'What no mutant stands for:',
    '',
    ...markdown(['class', 'why'], without),
  ].join('\n')
}

function seedsOf(kept: Kept | undefined): string {
  if (kept === undefined) return ''
  if (kept.outcome === 'killed') return `${kept.seedsRun}`
  return kept.outcome === 'endless' ? `${kept.seedsRun}, endless` : `alive after ${kept.seedsRun}`
}

/** `any`, or what it has more of than others, as weights. */
function worldOf({ plan }: Mutant): string {
  if (plan === undefined) return 'any'
  const faults = Object.entries(plan.faults ?? {}).map(([type, weight]) => `${type} ${weight}`)
  const kinds = [
    ...(plan.adversary === true ? ['hostile'] : []),
    ...(plan.isOlder === true ? ['without anchors'] : []),
    ...(plan.isOverTheLast === true ? ['in the middle'] : []),
    ...(plan.isInParts === true ? ['in parts'] : []),
    ...(plan.isInHolds === true ? ['held'] : []),
  ]
  return [...kinds, ...faults].join(', ')
}

/** A bug that the code itself noticed is said as such: no rule had to look at anything. */
function ruleOf(kept: Kept | undefined): string {
  if (kept?.rule !== 'no exception') return kept?.rule ?? ''
  return `no exception (an assertion of the product: ${(kept.message ?? '').replace('This is a bug in Bookend: ', '')})`
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]) => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)]
}

const BEGIN = '<!-- mutants: written by `npm run mutants` -->'
const END = '<!-- end of mutants -->'

/** The document with this table between its markers; `undefined` where it has none. */
export function withTable(document: string, table: string): string | undefined {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)]
  if (begin < 0 || end < begin) return undefined
  return `${document.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${document.slice(end)}`
}

export const MARKERS = `${BEGIN} and ${END}`
