import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'

/** One figure, and what it stands beside. */
export interface Figure {
  /** Stable: the baseline knows it by this. */
  readonly name: string
  readonly value: number
  readonly unit: 'us' | 'ms' | 's' | '/s' | 'x' | 'bytes' | 'MiB'
  readonly better: 'less' | 'more'
  /** What the work costs at least here and now, from primitives measured in the same run. */
  readonly limit?: number
  readonly goal?: number
}

interface Baseline {
  /** Of what it was measured on: elsewhere the ratios mean little. */
  readonly machine: string
  readonly figures: Readonly<Record<string, number>>
}

const FILE = fileURLToPath(new URL('baseline.json', import.meta.url))

export const MACHINE = `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}, ${process.platform}, node ${process.version}`

export function printTable(figures: readonly Figure[]): void {
  const { machine, figures: before } = readBaseline()
  const rows = figures.map(figure => {
    const { name, value, unit, limit, goal } = figure
    const known = before[name]
    return [
      name,
      `${shown(value)} ${unit}`,
      limit === undefined ? '' : `${shown(limit)}`,
      limit === undefined ? '' : percent(figure, limit),
      goal === undefined ? '' : `${isMet(figure, goal) ? 'met' : 'missed'} (${shown(goal)})`,
      known === undefined ? '' : `${shown(known)}`,
      known === undefined || known === 0 ? '' : (value / known).toFixed(2),
    ]
  })
  const head = ['what', 'here', 'limit', 'of it', 'goal', 'baseline', 'ratio']
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map(row => row[column]?.length ?? 0)))
  for (const row of [head, ...rows]) {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
    )
    console.log(cells.join('  ').trimEnd())
  }
  console.log(`\nHere: ${MACHINE}.`)
  if (machine !== undefined && machine !== MACHINE) console.log(`Baseline: ${machine}.`)
}

/** What the baseline knows of other figures stays. */
export function saveBaseline(figures: readonly Figure[]): void {
  const values = Object.fromEntries(figures.map(({ name, value }) => [name, Number(value.toPrecision(4))]))
  const baseline: Baseline = { machine: MACHINE, figures: { ...readBaseline().figures, ...values } }
  writeFileSync(FILE, `${JSON.stringify(baseline, undefined, 2)}\n`)
}

function readBaseline(): Partial<Baseline> & Pick<Baseline, 'figures'> {
  if (!existsSync(FILE)) return { figures: {} }
  // The file is what `saveBaseline` wrote.
  return JSON.parse(readFileSync(FILE, 'utf8')) as Baseline
}

export function isMet({ value, better }: Figure, goal: number): boolean {
  return better === 'less' ? value <= goal : value >= goal
}

/** How much of what is possible is reached. */
function percent({ value, better }: Figure, limit: number): string {
  return `${((better === 'less' ? limit / value : value / limit) * 100).toFixed(0)} %`
}

function shown(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
