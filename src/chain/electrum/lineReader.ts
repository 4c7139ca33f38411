const NEWLINE = 0x0a

/** Makes lines of what comes in pieces. */
export class LineReader {
  readonly #most: number
  #pieces: Uint8Array[] = []
  #length = 0

  /** `most`: bytes of one line. */
  constructor(most: number) {
    this.#most = most
  }

  /** The lines that end in these bytes; `undefined` where one is longer than allowed, and nothing more is to be read then. */
  push(bytes: Uint8Array): readonly string[] | undefined {
    const lines: string[] = []
    let from = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      if (!this.#keep(bytes.subarray(from, end))) return undefined
      lines.push(Buffer.concat(this.#pieces).toString('utf8'))
      this.#pieces = []
      this.#length = 0
      from = end + 1
    }
    return this.#keep(bytes.subarray(from)) ? lines : undefined
  }

  #keep(piece: Uint8Array): boolean {
    this.#length += piece.length
    if (this.#length > this.#most) return false
    if (piece.length > 0) this.#pieces.push(piece)
    return true
  }
}

/** Lists and objects in each other. What Electrum servers say has three of them. */
const MOST_LEVELS = 16

/** Whether JSON is nested deeper than anything that is expected, before memory is spent on it. */
export function isTooDeep(text: string): boolean {
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (inString) {
      if (char === '\\') at += 1
      else if (char === '"') inString = false
    } else if (char === '"') inString = true
    else if (char === '[' || char === '{') {
      depth += 1
      if (depth > MOST_LEVELS) return true
    } else if (char === ']' || char === '}') depth -= 1
  }
  return false
}
