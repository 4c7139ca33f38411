import {
  Option_ThirtyTwoBytesZ,
  Option_u32Z,
  Option_u32Z_Some,
  Option_u64Z,
  Option_u64Z_Some,
  type Option_u32Z as U32,
} from 'lightningdevkit'

// Small conversions between the words of LDK and ours.

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
export const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
/** Transaction ids are shown backwards. */
export const shownId = (bytes: Uint8Array): string => Buffer.from(bytes).reverse().toString('hex')

export const someU64 = (value: string | undefined): Option_u64Z =>
  value === undefined ? Option_u64Z.constructor_none() : Option_u64Z.constructor_some(BigInt(value))
export const someU32 = (value: number | undefined): Option_u32Z =>
  value === undefined ? Option_u32Z.constructor_none() : Option_u32Z.constructor_some(value)
export const some32 = (value: string | undefined): Option_ThirtyTwoBytesZ =>
  value === undefined
    ? Option_ThirtyTwoBytesZ.constructor_none()
    : Option_ThirtyTwoBytesZ.constructor_some(unhex(value))
export const u32Of = (value: U32): number => (value instanceof Option_u32Z_Some ? value.some : 0)
export const u64Of = (value: Option_u64Z): string => (value instanceof Option_u64Z_Some ? `${value.some}` : '')

/** A result of LDK, or an error with what it says. */
export function ok<T extends { is_ok(): boolean }>(result: T, what: string): T {
  if (result.is_ok()) return result
  const { err } = result as unknown as { readonly err?: unknown }
  throw new Error(`${what}: ${describe(err)}`)
}

/** The value in a result, which every result class of LDK holds under `res`. */
export function resultOf<T>(result: { is_ok(): boolean }, what: string): T {
  return (ok(result, what) as unknown as { readonly res: T }).res
}

/** The fields of a value of LDK in which it says what is wrong. */
function describe(err: unknown): string {
  if (typeof err !== 'object' || err === null) return String(err)
  const words = Object.entries(err).filter(([, value]) => typeof value === 'string' || typeof value === 'number')
  return [err.constructor.name, ...words.map(([name, value]) => `${name}: ${value}`)].join(' ')
}
