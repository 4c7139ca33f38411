import { assert } from '../../src/base/index.ts'
import type { History, Snapshot } from './history.ts'
import { NAMES, type Name, otherName } from './stage.ts'
import type { RevokedRow, ValidRow } from './table.ts'

// Which rows the adversarial table has: every commitment of either side, in every standing that it ever has.

/** The first records of a side that have its commitment `number`. */
function recordsWith({ snapshots }: History, holder: Name, number: number): ReadonlyMap<string, Uint8Array> {
  const found = snapshots.find(({ name, localNumber }) => name === holder && localNumber === number)
  assert(found !== undefined, `${holder} once held commitment ${number}`)
  return found.records
}

/** Of each standing the last moment, when most preimages are known. */
function lastOf(snapshots: readonly Snapshot[], standing: (snapshot: Snapshot) => string): readonly Snapshot[] {
  return [...new Map(snapshots.map(snapshot => [standing(snapshot), snapshot])).values()]
}

/**
 * Each commitment while it is valid. By the peer: as its only one; as the newest of two; as the older of two. By the honest side
 * itself, with the peer silent: as its newest.
 */
export function validRows(history: History): readonly ValidRow[] {
  const rows: Omit<ValidRow, 'peer'>[] = []
  for (const name of NAMES) {
    const own = history.snapshots.filter(snapshot => snapshot.name === name)
    const peer = otherName(name)
    for (const snapshot of lastOf(own, ({ remoteNumber, isAwaiting }) => `${remoteNumber} ${isAwaiting}`)) {
      const { remoteNumber } = snapshot
      const numbers = snapshot.isAwaiting ? [remoteNumber, remoteNumber + 1] : [remoteNumber]
      for (const number of numbers) {
        rows.push({ snapshot, holder: peer, number, records: recordsWith(history, peer, number) })
      }
    }
    for (const snapshot of lastOf(own, ({ localNumber }) => `${localNumber}`)) {
      rows.push({ snapshot, holder: name, number: snapshot.localNumber, records: snapshot.records })
    }
  }
  return rows.flatMap(row => [
    { ...row, peer: 'active' as const },
    { ...row, peer: 'silent' as const },
  ])
}

/** Each commitment once it is revoked, at the end of the history, with none, one and all of its second stages. */
export function revokedRows(history: History): readonly RevokedRow[] {
  return NAMES.flatMap(name => {
    const snapshot = history.snapshots.findLast(each => each.name === name)
    assert(snapshot !== undefined, `${name} has a history`)
    const holder = otherName(name)
    return Array.from({ length: snapshot.remoteNumber }, (_, number) => {
      const row = { snapshot, holder, number, records: recordsWith(history, holder, number) }
      const online = (['none', 'one', 'all'] as const).map(seconds => ({ ...row, seconds, honest: 'online' as const }))
      return [...online, ...comebacks(row)]
    }).flat()
  })
}

/** Some in which the honest side comes back late. */
function comebacks(row: Omit<RevokedRow, 'seconds' | 'honest'>): readonly RevokedRow[] {
  if (row.number % 6 === 0) return [{ ...row, seconds: 'all', honest: 'looks_up' }]
  if (row.number % 6 === 2) return [{ ...row, seconds: 'one', honest: 'catches_up' }]
  if (row.number % 6 === 4) return [{ ...row, seconds: 'none', honest: 'looks_up' }]
  return []
}

/** The whole table for both formats: some minutes. By default every commitment is there, but not in each of its standings. */
export const IS_FULL = process.env.BOOKEND_FULL_TABLE === '1'

/** Each valid commitment against one of the two peers, by turns; or every third row of the older format. */
export function chosenValid(history: History): readonly ValidRow[] {
  const rows = validRows(history)
  if (IS_FULL) return rows
  const alternating = rows.filter((_, index) => index % 4 === 0 || index % 4 === 3)
  return history.format === 'anchors_zero_fee_htlc' ? alternating : rows.filter((_, index) => index % 6 === 1)
}

const SECONDS_BY_TURNS = ['all', 'none', 'one'] as const

/** Each revoked commitment with none, one or all of its second stages, by turns, and every late comeback; or every third row of the older format. */
export function chosenRevoked(history: History): readonly RevokedRow[] {
  const rows = revokedRows(history)
  if (IS_FULL) return rows
  const isChosen = ({ honest, seconds, number }: RevokedRow) =>
    honest !== 'online' || seconds === SECONDS_BY_TURNS[number % SECONDS_BY_TURNS.length]
  return history.format === 'anchors_zero_fee_htlc' ? rows.filter(isChosen) : rows.filter((_, index) => index % 3 === 1)
}

/** Plays rows one after the other. What fails says which row it was. */
export function playAll<R extends ValidRow | RevokedRow>(rows: readonly R[], play: (row: R) => void): void {
  for (const row of rows) {
    try {
      play(row)
    } catch (cause) {
      const { snapshot, holder, number } = row
      const how = 'peer' in row ? `peer ${row.peer}` : `second stages ${row.seconds}, honest side ${row.honest}`
      throw new Error(`${snapshot.name} against commitment ${number} of ${holder}, ${how}: ${String(cause)}`, { cause })
    }
  }
}
