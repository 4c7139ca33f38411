import { styleText } from 'node:util'
import type { BookendError } from '../base/index.ts'
import type { Shell } from './shell.ts'

// How answers and failures look, for programs and for people.

/** One JSON value, or lines for people. */
export function answer(shell: Shell, value: unknown, lines: (paint: Paint) => readonly string[]): void {
  if (shell.json) shell.out(`${JSON.stringify(value)}\n`)
  else
    shell.out(
      lines(painter(shell.color))
        .map(line => `${line}\n`)
        .join(''),
    )
}

/** A failure on the standard error: what is wrong, and what to do. */
export function complain(shell: Shell, { code, message, advice, facts }: BookendError): void {
  if (shell.json) shell.errors(`${JSON.stringify({ error: { code, message, advice, facts } })}\n`)
  else shell.errors(`error: ${message}\n${advice === '' ? '' : `${advice}\n`}`)
}

export type Ink = 'good' | 'warn' | 'bad' | 'faint' | 'strong'
/** Lays a colour over a text, or leaves it as it is. */
export type Paint = (ink: Ink, text: string) => string

const FORMATS = { good: 'green', warn: 'yellow', bad: 'red', faint: 'gray', strong: 'bold' } as const

export function painter(color: boolean): Paint {
  return color ? (ink, text) => styleText(FORMATS[ink], text, { validateStream: false }) : (_, text) => text
}

/** A heading and its rows in columns. Numbers stand to the right; colour is laid over last, so that columns stay straight. */
export interface Column<Row> {
  readonly title: string
  readonly of: (row: Row) => string
  readonly right?: boolean
  readonly ink?: (row: Row) => Ink | undefined
}

export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], paint: Paint): readonly string[] {
  const widths = columns.map(({ title, of }) => Math.max(title.length, ...rows.map(row => of(row).length)))
  const line = (cell: (column: Column<Row>) => string, color: (column: Column<Row>, text: string) => string) => {
    const last = columns.length - 1
    const cells = columns.map((column, index) => {
      const text = cell(column)
      const width = widths[index] ?? 0
      const padded = column.right === true ? text.padStart(width) : index === last ? text : text.padEnd(width)
      return color(column, padded)
    })
    return cells.join('  ').trimEnd()
  }
  const heading = line(
    ({ title }) => title,
    (_, text) => paint('faint', text),
  )
  const body = rows.map(row =>
    line(
      ({ of }) => of(row),
      ({ ink }, text) => {
        const wanted = ink?.(row)
        return wanted === undefined ? text : paint(wanted, text)
      },
    ),
  )
  return [heading, ...body]
}

/** Names to the left, values to the right of them. What has no value is left out. */
export function facts(rows: readonly (readonly [string, string | undefined])[], paint: Paint): readonly string[] {
  const known = rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
  const width = Math.max(...known.map(([name]) => name.length))
  return known.map(([name, value]) => `${paint('faint', name.padEnd(width))}  ${value}`)
}
