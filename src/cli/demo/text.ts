import { styleText } from 'node:util'

// Words and numbers in columns. Colour is laid over text of known width last, so that columns stay straight without it.

export type Ink = 'alice' | 'bob' | 'strong' | 'faint' | 'good' | 'alarm'
/** Lays a colour over a text, or leaves it as it is. */
export type Paint = (ink: Ink, text: string) => string

const FORMATS = {
  alice: 'blueBright',
  bob: 'redBright',
  strong: 'bold',
  faint: 'gray',
  good: 'green',
  alarm: ['bold', 'white', 'bgRed'],
} as const

export function painter(color: boolean): Paint {
  return color
    ? (ink, text) => styleText([...[FORMATS[ink]].flat()], text, { validateStream: false })
    : (_, text) => text
}

const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** With thousands separators: 1,234,567. Numbers are rounded to whole ones. */
export function grouped(amount: bigint | number): string {
  return WHOLE.format(amount)
}

/** An amount in sat, to the msat where there are any: 1,234.567. */
export function groupedMsat(amount: bigint): string {
  const rest = amount % 1000n
  return grouped(amount / 1000n) + (rest === 0n ? '' : `.${String(rest).padStart(3, '0')}`)
}

/** Words in lines of at most `width` columns. What does not fit into `most` lines ends in `…`. */
export function wrapped(text: string, width: number, most: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word.length > width ? shortened(word, width) : word)
  }
  if (lines.length <= most) return lines
  return [...lines.slice(0, most - 1), shortened(lines.slice(most - 1).join(' '), width)]
}

/** Bytes as a person says them. */
export function sized(bytes: number): string {
  if (bytes < 10_000) return `${grouped(bytes)} bytes`
  return bytes < 10_000_000 ? `${grouped(bytes / 1000)} kB` : `${grouped(bytes / 1_000_000)} MB`
}

function shortened(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1).trimEnd()}…`
}
