import { describe, expect, it } from 'vitest'
import type { CommitmentFormat } from '../../src/commitment/index.ts'
import { playHistory } from './history.ts'
import { chosenValid, playAll, validRows } from './rows.ts'
import { playValid } from './table.ts'

// The adversarial table, valid part (BOLT 5, unilateral close handling), with Bob as the honest side: every commitment of either side
// is published while it is valid, be it the only one, the newer or the older of two, and the honest side gets its due.

const FORMATS: readonly CommitmentFormat[] = ['anchors_zero_fee_htlc', 'static_remotekey']

describe.each(FORMATS)('valid commitments, %s', format => {
  const history = playHistory(format)
  const mine = <R extends { readonly snapshot: { readonly name: string } }>(rows: readonly R[]) =>
    rows.filter(({ snapshot }) => snapshot.name === 'bob')

  it('are all that either side ever held, each in every standing', () => {
    const rows = mine(validRows(history))
    for (const holder of ['alice', 'bob'] as const) {
      const numbers = new Set(rows.filter(row => row.holder === holder).map(({ number }) => number))
      expect(numbers.size).toBe(history.scribe.newest(holder) + 1)
    }
    const isOlder = ({ snapshot, number, holder }: (typeof rows)[number]) =>
      holder !== 'bob' && snapshot.isAwaiting && number === snapshot.remoteNumber
    expect(rows.filter(isOlder).length / 2).toBe(history.scribe.newest('alice'))
  })

  it("give Bob his due by the peer's hand", () => {
    playAll(
      mine(chosenValid(history)).filter(({ holder }) => holder !== 'bob'),
      row => playValid(history, row),
    )
  })

  it('give Bob his due by his own hand, with the peer silent', () => {
    playAll(
      mine(chosenValid(history)).filter(({ holder }) => holder === 'bob'),
      row => playValid(history, row),
    )
  })
})
