import type { Sat } from '../../base/index.ts'

// JSON as Bitcoin Core writes it: amounts are numbers of bitcoin with exactly eight decimals, which no JavaScript number
// keeps when it is printed.

export type Json =
  | null
  | boolean
  | number
  | string
  | ExactNumber
  | readonly Json[]
  | { readonly [key: string]: Json | undefined }

declare const exact: unique symbol

/** A number that is printed digit by digit as it was given. */
export interface ExactNumber {
  readonly [exact]: true
}

interface RawJson {
  rawJSON(text: string): ExactNumber
}

// The language has it since ES2025, the compiler's library does not describe it yet.
const { rawJSON } = JSON as unknown as RawJson

/** An amount in bitcoin: `50.00000000`. */
export function btc(amountSat: Sat | bigint): ExactNumber {
  return rawJSON(btcText(amountSat))
}

/** A feerate in bitcoin per 1000 virtual bytes, rounded down as Core's `CFeeRate` is. */
export function btcPerKvB(feeSat: bigint, vsize: number): ExactNumber {
  return btc((feeSat * 1000n) / BigInt(vsize))
}

export function btcText(amountSat: bigint): string {
  const digits = (amountSat < 0n ? -amountSat : amountSat).toString().padStart(9, '0')
  return `${amountSat < 0n ? '-' : ''}${digits.slice(0, -8)}.${digits.slice(-8)}`
}

/** Fields that are `undefined` are left out. */
export function writeJson(value: Json): string {
  return JSON.stringify(value)
}

/** What Core calls the kinds of JSON in its messages. */
export type JsonType = 'null' | 'bool' | 'number' | 'string' | 'array' | 'object'

export function typeOfJson(value: unknown): JsonType {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number' || typeof value === 'string') return typeof value === 'number' ? 'number' : 'string'
  return 'object'
}

/** `value` as an object, where it is one. */
export function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return Object.fromEntries(Object.entries(value))
}
