import { assert } from './assert.ts'
import type { Brand } from './brand.ts'

/** Satoshis, an integer ≥ 0. */
export type Sat = Brand<bigint, 'Sat'>
/** Thousandths of a satoshi, an integer ≥ 0. */
export type Msat = Brand<bigint, 'Msat'>
/** Satoshis per 1000 weight units (BOLT 3, fee calculation): an integer in 0..2^32-1. */
export type FeeratePerKw = Brand<number, 'FeeratePerKw'>

/** All the bitcoin there can be, in satoshis: the bound on every amount (consensus MAX_MONEY). */
export const MAX_MONEY_SAT = 2_100_000_000_000_000n as Sat
/** The same bound in millisatoshis. */
export const MAX_MONEY_MSAT = (MAX_MONEY_SAT * 1000n) as Msat

/** An amount in satoshis. A negative or fractional one is a bug of the caller. */
export function sat(value: bigint | number): Sat {
  const amount = BigInt(value)
  assert(amount >= 0n, () => `an amount in sat is never negative, got ${amount}`)
  return amount as Sat
}

/** An amount in millisatoshis. A negative or fractional one is a bug of the caller. */
export function msat(value: bigint | number): Msat {
  const amount = BigInt(value)
  assert(amount >= 0n, () => `an amount in msat is never negative, got ${amount}`)
  return amount as Msat
}

export function feeratePerKw(value: number): FeeratePerKw {
  assert(Number.isInteger(value) && value >= 0 && value <= 0xffffffff, () => `feerate out of range: ${value}`)
  return value as FeeratePerKw
}

/** Rounds down: what a commitment transaction can hold of an amount (BOLT 3, rounding down to satoshis). */
export function msatToSat(amount: Msat): Sat {
  return (amount / 1000n) as Sat
}

export function satToMsat(amount: Sat): Msat {
  return (amount * 1000n) as Msat
}

export function add<T extends Sat | Msat>(...amounts: readonly [T, ...T[]]): T {
  let sum: bigint = 0n
  for (const amount of amounts) sum += amount as bigint
  return sum as T
}

/** `a − b`; the caller has made sure that it is not negative (else it is a bug). */
export function subtract<T extends Sat | Msat>(a: T, b: T): T {
  assert(a >= b, () => `subtraction of ${b} from ${a} would be negative`)
  return ((a as bigint) - (b as bigint)) as T
}

/** `a − b`, or zero where that would be negative. */
export function subtractOrZero<T extends Sat | Msat>(a: T, b: T): T {
  return (a > b ? (a as bigint) - (b as bigint) : 0n) as T
}

/** The fee for a weight, rounded down (BOLT 3, fee calculation). */
export function feeForWeight(feerate: FeeratePerKw, weight: number): Sat {
  return ((BigInt(feerate) * BigInt(weight)) / 1000n) as Sat
}
