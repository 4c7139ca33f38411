import { byteAt, defined } from '../base/index.ts'

// Rows of fixed width in pages of memory. A table is never changed: an edit copies the pages that it writes to and shares the others.
// So a graph of a hundred thousand channels is a value like any other, and a change costs a few kilobytes, not the whole.

/** Says of a link between rows that there is none. */
export const NONE = 0xffffffff

/** The same bytes seen as words of 32 bits and as numbers of 64. */
export interface Page {
  readonly words: Uint32Array
  readonly floats: Float64Array
}

export interface Table {
  /** Words in a row. An even number where a row has numbers of 64 bits. */
  readonly width: number
  /** There are `1 << bits` rows in a page. */
  readonly bits: number
  /** Rows that were ever handed out: their numbers are below this. */
  readonly rows: number
  /** A row that was given back, whose last word leads to the next one; or `NONE`. */
  readonly free: number
  readonly pages: readonly Page[]
}

/** A table while it is edited; it reads like any other. */
export interface TableDraft extends Table {
  rows: number
  free: number
  pages: readonly Page[]
  /** The pages that nobody else has. */
  readonly fresh: Set<Page>
}

export function emptyTable(width: number, bits: number): Table {
  return { width, bits, rows: 0, free: NONE, pages: [] }
}

export function draftOfTable(table: Table): TableDraft {
  return { ...table, fresh: new Set() }
}

/** The table that the edit has made. The draft is not used any more. */
export function finishedTable({ width, bits, rows, free, pages }: TableDraft): Table {
  return { width, bits, rows, free, pages }
}

export function pageOf(table: Table, row: number): Page {
  return defined(table.pages[row >>> table.bits], 'a row that was handed out has its page')
}

/** Where the words of a row begin in its page. */
export function startOf(table: Table, row: number): number {
  return (row & ((1 << table.bits) - 1)) * table.width
}

/** The page of a row to write to: copied on the first write of an edit. */
export function pageToWrite(draft: TableDraft, row: number): Page {
  const page = pageOf(draft, row)
  if (draft.fresh.has(page)) return page
  const copy = pageOver(page.words.slice())
  draft.pages = draft.pages.with(row >>> draft.bits, copy)
  draft.fresh.add(copy)
  return copy
}

/** A row of zeros. */
export function newRow(draft: TableDraft): number {
  if (draft.free !== NONE) {
    const row = draft.free
    const { words } = pageToWrite(draft, row)
    const start = startOf(draft, row)
    draft.free = wordAt(words, start + draft.width - 1)
    words.fill(0, start, start + draft.width)
    return row
  }
  const row = draft.rows
  draft.rows += 1
  if (row >>> draft.bits === draft.pages.length) addPage(draft)
  return row
}

export function freeRow(draft: TableDraft, row: number): void {
  const { words } = pageToWrite(draft, row)
  const start = startOf(draft, row)
  words.fill(0, start, start + draft.width)
  words[start + draft.width - 1] = draft.free
  draft.free = row
}

/** `rows` rows with this in all their words. */
export function filledTable({
  width,
  bits,
  rows,
  word,
}: {
  readonly width: number
  readonly bits: number
  readonly rows: number
  readonly word: number
}): TableDraft {
  const draft = draftOfTable(emptyTable(width, bits))
  while (draft.pages.length << bits < rows) addPage(draft)
  for (const page of draft.pages) page.words.fill(word)
  draft.rows = rows
  return draft
}

export function readWord(table: Table, row: number, field: number): number {
  return wordAt(pageOf(table, row).words, startOf(table, row) + field)
}

export function writeWord(draft: TableDraft, row: number, field: number, value: number): void {
  pageToWrite(draft, row).words[startOf(draft, row) + field] = value
}

/** `field` counts in numbers of 64 bits from the begin of the row. */
export function readFloat(table: Table, row: number, field: number): number {
  return floatAt(pageOf(table, row).floats, (startOf(table, row) >>> 1) + field)
}

export function writeFloat(draft: TableDraft, row: number, field: number, value: number): void {
  pageToWrite(draft, row).floats[(startOf(draft, row) >>> 1) + field] = value
}

/** The word at an index that the surrounding code keeps inside the page. */
export function wordAt(words: Uint32Array, index: number): number {
  // A typed array has a number at each index below its length.
  return words[index] as number
}

/** The number at an index that the surrounding code keeps inside the page. */
export function floatAt(floats: Float64Array, index: number): number {
  // As above.
  return floats[index] as number
}

/** Four bytes as a word, the first byte highest. */
export function wordOf(bytes: Uint8Array, at: number): number {
  return (
    ((byteAt(bytes, at) << 24) |
      (byteAt(bytes, at + 1) << 16) |
      (byteAt(bytes, at + 2) << 8) |
      byteAt(bytes, at + 3)) >>>
    0
  )
}

function addPage(draft: TableDraft): void {
  const page = pageOver(new Uint32Array(draft.width << draft.bits))
  draft.pages = [...draft.pages, page]
  draft.fresh.add(page)
}

function pageOver(words: Uint32Array<ArrayBuffer>): Page {
  return { words, floats: new Float64Array(words.buffer) }
}
