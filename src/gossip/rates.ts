import { CHANNEL, NODE } from './layout.ts'
import type { GossipLimits } from './limits.ts'
import { readWord, type Table, type TableDraft, writeWord } from './table.ts'

// How many messages are left to one origin: a direction of a channel, or a node. In a row there are two bytes for that: how many were
// taken lately, and in which hour the last one came. An hour that says the same again after half a year does no harm.

const HOURS = 4096

interface Allowance {
  readonly table: Table
  readonly row: number
  readonly field: number
  /** Which half of the word. */
  readonly half: 0 | 1
}

export const channelAllowance = (table: Table, row: number, direction: 0 | 1): Allowance => ({
  table,
  row,
  field: CHANNEL.ALLOWANCE,
  half: direction,
})
export const nodeAllowance = (table: Table, row: number): Allowance => ({ table, row, field: NODE.ALLOWANCE, half: 0 })

/** How many were taken and have not been forgotten. */
function takenLately({ table, row, field, half }: Allowance, nowMs: number, { hoursForUpdate }: GossipLimits): number {
  const both = readWord(table, row, field)
  const mine = half === 0 ? both & 0xffff : both >>> 16
  const hours = (hourOf(nowMs) - (mine & (HOURS - 1)) + HOURS) % HOURS
  return Math.max((mine >>> 12) - Math.floor(hours / hoursForUpdate), 0)
}

export function mayTake(allowance: Allowance, nowMs: number, limits: GossipLimits): boolean {
  return takenLately(allowance, nowMs, limits) < limits.burstOfUpdates
}

export function take(
  draft: TableDraft,
  allowance: Omit<Allowance, 'table'>,
  nowMs: number,
  limits: GossipLimits,
): void {
  const { row, field, half } = allowance
  const count = takenLately({ ...allowance, table: draft }, nowMs, limits) + 1
  const mine = (Math.min(count, 15) << 12) | hourOf(nowMs)
  const both = readWord(draft, row, field)
  writeWord(draft, row, field, half === 0 ? ((both & 0xffff0000) | mine) >>> 0 : ((both & 0xffff) | (mine << 16)) >>> 0)
}

function hourOf(nowMs: number): number {
  return Math.floor(nowMs / 3_600_000) % HOURS
}
