// Amounts, times and ids as people read them.

/** With thousands separators: 1,234,567. */
export function grouped(amount: bigint | string | number): string {
  return String(amount).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** From decimal digits, as they come in JSON. */
export const inSat = (sat: string): string => `${grouped(sat)} sat`

/** Millisatoshis as satoshis, to the third digit where there are any: 1,234.567 sat. */
export function msatInSat(msat: string): string {
  const amount = BigInt(msat)
  const rest = amount % 1000n
  return `${grouped(amount / 1000n)}${rest === 0n ? '' : `.${String(rest).padStart(3, '0')}`} sat`
}

/** In universal time, to the second. */
export function timeOf(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z')
}

const SHORT_ID = 12

/** The beginning of an id: commands take it in place of the whole. */
export const short = (id: string): string => id.slice(0, SHORT_ID)

export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${grouped(count)} ${count === 1 ? one : many}`

/** Strangers write descriptions and reasons: nothing in them moves the cursor of a terminal. */
export const oneLine = (text: string): string => text.replace(/[\p{C}\s]+/gu, ' ').trim()

export function shortened(text: string, length: number): string {
  const line = oneLine(text)
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`
}
