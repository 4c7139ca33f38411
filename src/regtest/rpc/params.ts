import {
  type BlockHash,
  MAX_MONEY_SAT,
  type OutPoint,
  ok,
  parseHex,
  type Result,
  type Sat,
  sat,
  type Txid,
} from '../../base/index.ts'
import { decodeTx, scriptFromAddress, type Tx } from '../../bitcoin/index.ts'
import { fail, RPC, type RpcFailure } from './failure.ts'
import { type JsonType, typeOfJson } from './json.ts'

// What calls take. A parameter knows which kinds of JSON it accepts and how to make a value of ours from them, so that a
// call starts with values that are good.

export interface Param<T> {
  readonly types: readonly JsonType[]
  readonly optional: boolean
  readonly read: (value: unknown, name: string) => Result<T, RpcFailure>
}

/** A parameter that may be absent or null, and what it is then. */
export function optional<T, D>(param: Param<T>, absent: D): Param<T | D> {
  return {
    types: param.types,
    optional: true,
    read: (value, name) => (typeOfJson(value) === 'null' ? ok(absent) : param.read(value, name)),
  }
}

export const text: Param<string> = { types: ['string'], optional: false, read: value => ok(String(value)) }
export const flag: Param<boolean> = { types: ['bool'], optional: false, read: value => ok(value === true) }
export const anything: Param<unknown> = {
  types: ['null', 'bool', 'number', 'string', 'array', 'object'],
  optional: true,
  read: value => ok(value),
}

export const integer: Param<number> = {
  types: ['number'],
  optional: false,
  read: value => (Number.isSafeInteger(value) ? ok(Number(value)) : fail(RPC.MISC_ERROR, 'JSON integer out of range')),
}

/** A number, or a bool that stands for 0 or 1. */
export const verbosity: Param<number> = {
  types: ['number', 'bool'],
  optional: false,
  read: (value, name) => (typeof value === 'boolean' ? ok(Number(value)) : integer.read(value, name)),
}

export const blockHash: Param<BlockHash> = { ...text, read: (value, name) => readHash<BlockHash>(value, name) }
export const txid: Param<Txid> = { ...text, read: (value, name) => readHash<Txid>(value, name) }

/** The output script of an address. */
export const address: Param<Uint8Array> = {
  ...text,
  read: value => {
    const script = scriptFromAddress(String(value), 'regtest')
    return script.ok ? script : fail(RPC.INVALID_ADDRESS_OR_KEY, 'Error: Invalid address')
  },
}

/** Bitcoin, as a number or in text, to exact satoshis. */
export const amount: Param<Sat> = {
  types: ['number', 'string'],
  optional: false,
  read: value => {
    const read = satoshisOf(String(value))
    if (read === undefined) return fail(RPC.TYPE_ERROR, 'Invalid amount')
    return read > MAX_MONEY_SAT ? fail(RPC.TYPE_ERROR, 'Amount out of range') : ok(sat(read))
  },
}

export const rawTx: Param<Tx> = {
  ...text,
  read: value => readTx(value, 'TX decode failed. Make sure the tx has at least one input.'),
}

/** One to as many transactions as a package may have. */
export function rawTxs(most: number): Param<readonly Tx[]> {
  return {
    types: ['array'],
    optional: false,
    read: value => {
      const list: readonly unknown[] = Array.isArray(value) ? value : []
      if (list.length === 0 || list.length > most) {
        return fail(RPC.INVALID_PARAMETER, `Array must contain between 1 and ${most} transactions.`)
      }
      return collect(list, item =>
        readTx(item, `TX decode failed: ${String(item).slice(0, 100)} Make sure the tx has at least one input.`),
      )
    },
  }
}

export const list: Param<readonly unknown[]> = {
  types: ['array'],
  optional: false,
  read: value => ok(Array.isArray(value) ? value : []),
}

/** Outputs by their transaction and number: `[{ txid, vout }]`. */
export const outpoints: Param<readonly OutPoint[]> = {
  types: ['array'],
  optional: false,
  read: value => {
    const given: readonly unknown[] = Array.isArray(value) ? value : []
    if (given.length === 0) return fail(RPC.INVALID_PARAMETER, 'Invalid parameter, outputs are missing')
    return collect(given, readOutpoint)
  },
}

function readOutpoint(value: unknown): Result<OutPoint, RpcFailure> {
  const { txid: id, vout } = Object(value) as { readonly txid?: unknown; readonly vout?: unknown }
  if (typeof vout !== 'number' || !Number.isSafeInteger(vout)) {
    return fail(RPC.TYPE_ERROR, 'JSON value of type null is not of expected type number')
  }
  if (vout < 0) return fail(RPC.INVALID_PARAMETER, 'Invalid parameter, vout cannot be negative')
  const read = readHash<Txid>(id, 'txid')
  return read.ok ? ok({ txid: read.value, vout }) : read
}

/** The values of all items, or the first failure. */
export function collect<T>(
  items: readonly unknown[],
  read: (item: unknown) => Result<T, RpcFailure>,
): Result<readonly T[], RpcFailure> {
  const values: T[] = []
  for (const item of items) {
    const value = read(item)
    if (!value.ok) return value
    values.push(value.value)
  }
  return ok(values)
}

export function readTx(value: unknown, complaint: string): Result<Tx, RpcFailure> {
  const bytes = parseHex(typeof value === 'string' ? value : '?')
  const tx = bytes.ok ? decodeTx(bytes.value) : bytes
  return tx.ok ? tx : fail(RPC.DESERIALIZATION_ERROR, complaint)
}

/** 64 hexadecimal digits, which is what the brands of hashes say. */
function readHash<H extends string>(value: unknown, name: string): Result<H, RpcFailure> {
  const given = String(value)
  if (given.length !== 64) {
    return fail(
      RPC.INVALID_PARAMETER,
      `${name} must be of length 64 (not ${given.length}, for '${given.slice(0, 100)}')`,
    )
  }
  if (!parseHex(given).ok) return fail(RPC.INVALID_PARAMETER, `${name} must be hexadecimal string (not '${given}')`)
  // Length and digits were checked just above.
  return ok(given.toLowerCase() as H)
}

const DECIMAL = /^(\d{1,10})(?:\.(\d+))?(?:e([+-]?\d{1,2}))?$/i

/** The satoshis of a decimal number of bitcoin; `undefined` where it is none, or has a part below one satoshi. */
function satoshisOf(decimal: string): bigint | undefined {
  const parts = DECIMAL.exec(decimal)
  if (parts === null) return undefined
  const [, whole = '', fraction = '', exponent = '0'] = parts
  const digits = BigInt(whole + fraction)
  const scale = 8 - fraction.length + Number(exponent)
  if (scale >= 0) return digits * 10n ** BigInt(scale)
  const unit = 10n ** BigInt(-scale)
  return digits % unit === 0n ? digits / unit : undefined
}
