import { assert } from '../../base/index.ts'
import type { DemoReport } from './report.ts'
import { accountOf } from './sums.ts'

/**
 * The report as one line of JSON, with `addsUp` beside it. Amounts in sat are numbers, sums in msat are decimal
 * strings: docs/decisions/0007-demo-json-numbers.md says why.
 */
export function reportToJson(report: DemoReport): string {
  return JSON.stringify({ ...report, addsUp: accountOf(report).complaints.length === 0 }, plain)
}

/** The unit at the end of a key says how its amount is written. */
function plain(key: string, value: unknown): unknown {
  if (typeof value !== 'bigint' || !key.endsWith('Sat')) return typeof value === 'bigint' ? String(value) : value
  assert(value <= BigInt(Number.MAX_SAFE_INTEGER), `${key} is more than all the bitcoin there can be: ${value}`)
  return Number(value)
}
