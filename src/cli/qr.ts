import type { Shell } from './shell.ts'

// An invoice as a QR code of a terminal: two rows of modules in each line, as upper and lower halves of characters.

/** Four modules of quiet all around (ISO/IEC 18004, quiet zone). */
const QUIET = 4
/** Black on white, whatever the colours of the terminal. */
const INK = '\u001b[38;5;16;48;5;231m'
const END = '\u001b[0m'

/**
 * The lines of the code, or one that says why there is none. In upper case, which QR codes have a mode of their own for: 5.5 bits for
 * each character in place of 8 (BOLT 11, encoding overview).
 */
export async function qrLines(shell: Shell, invoice: string): Promise<readonly string[]> {
  const { encode } = await import('uqr')
  const { data, size } = encode(invoice.toUpperCase(), { ecc: 'L', border: QUIET, boostEcc: false })
  if (size > shell.columns) {
    return [
      `The QR code needs ${size} columns, and this terminal has ${shell.columns}: make it wider, or its text smaller.`,
    ]
  }
  const isDark = (row: number, column: number): boolean => data[row]?.[column] === true
  const lines: string[] = []
  for (let row = 0; row < size; row += 2) {
    const cells = Array.from({ length: size }, (_, column) => half(isDark(row, column), isDark(row + 1, column)))
    lines.push(
      shell.color
        ? `${INK}${cells.map(({ onWhite }) => onWhite).join('')}${END}`
        : cells.map(({ onBlack }) => onBlack).join(''),
    )
  }
  return lines
}

interface Half {
  /** Where the ink is black and the paper white. */
  readonly onWhite: string
  /** Where nobody can set colours: on a dark terminal light modules are what is drawn. */
  readonly onBlack: string
}

function half(upper: boolean, lower: boolean): Half {
  if (upper && lower) return { onWhite: '\u2588', onBlack: ' ' }
  if (upper) return { onWhite: '\u2580', onBlack: '\u2584' }
  return lower ? { onWhite: '\u2584', onBlack: '\u2580' } : { onWhite: ' ', onBlack: '\u2588' }
}
