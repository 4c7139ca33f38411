import { describe, expect, it } from 'vitest'
import type { CommitmentFormat } from '../../src/commitment/index.ts'
import { type History, playHistory } from './history.ts'
import { chosenRevoked, playAll, revokedRows } from './rows.ts'
import { NAMES, otherName } from './stage.ts'
import { playRevoked } from './table.ts'

// The adversarial table, revoked part (BOLT 5, revoked transaction close handling): every commitment that a side ever revoked is
// published, with none, one or all of its second stages confirmed first, and the other side takes every output of it.

const FORMATS: readonly CommitmentFormat[] = ['anchors_zero_fee_htlc', 'static_remotekey']

describe.each(FORMATS)('revoked commitments, %s', format => {
  const history: History = playHistory(format)

  it('are those of fifty updates', () => {
    expect(history.scribe.updates).toBe(50)
    for (const name of NAMES) expect(history.scribe.newest(name)).toBeGreaterThanOrEqual(40)
    const rows = revokedRows(history)
    for (const holder of NAMES) {
      const numbers = new Set(rows.filter(row => row.holder === holder).map(({ number }) => number))
      expect(numbers.size).toBe(history.scribe.newest(holder))
    }
    // Each with none, one and all of its second stages, and half of them once more against a side that was away.
    expect(rows.filter(({ honest }) => honest === 'online').length).toBe(246)
    expect(rows.filter(({ honest }) => honest !== 'online').length).toBeGreaterThanOrEqual(40)
  })

  it.each(NAMES)('leave %s with everything on them', honest => {
    const rows = chosenRevoked(history).filter(({ holder }) => holder === otherName(honest))
    expect(new Set(rows.map(({ seconds }) => seconds))).toEqual(new Set(['none', 'one', 'all']))
    if (format === 'anchors_zero_fee_htlc') {
      const numbers = new Set(rows.map(({ number }) => number))
      expect(numbers.size).toBe(history.scribe.newest(otherName(honest)))
    }
    playAll(rows, row => playRevoked(history, row))
  })
})
