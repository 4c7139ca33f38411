import { carryTally } from './tally.ts'
import type { Htlc } from './types.ts'

// The live HTLCs as a list. A step changes a few of up to 966, and the others keep their identity.

/** Where two lists differ: both are equal before `start`, and after the ends, item by item the same objects. */
export interface Difference {
  readonly start: number
  readonly oldEnd: number
  readonly nextEnd: number
}

/** Cost: one comparison of references for each HTLC that did not move. */
export function differenceOf(old: readonly Htlc[], next: readonly Htlc[]): Difference {
  const shorter = Math.min(old.length, next.length)
  if (old === next) return { start: shorter, oldEnd: shorter, nextEnd: shorter }
  let start = 0
  while (start < shorter && old[start] === next[start]) start++
  let oldEnd = old.length
  let nextEnd = next.length
  while (oldEnd > start && nextEnd > start && old[oldEnd - 1] === next[nextEnd - 1]) {
    oldEnd--
    nextEnd--
  }
  return { start, oldEnd, nextEnd }
}

/** With one more, behind those of its side. */
export function withAdded(htlcs: readonly Htlc[], htlc: Htlc): readonly Htlc[] {
  const firstOfPeer = htlc.offeredBy === 'remote' ? -1 : htlcs.findIndex(other => other.offeredBy === 'remote')
  const next = firstOfPeer < 0 ? [...htlcs, htlc] : htlcs.toSpliced(firstOfPeer, 0, htlc)
  carryTally(htlcs, next, { is: htlc })
  return next
}

/** With another in the place of `old`, which is one of them. */
export function withReplaced(htlcs: readonly Htlc[], old: Htlc, replacement: Htlc): readonly Htlc[] {
  const next = htlcs.with(htlcs.indexOf(old), replacement)
  carryTally(htlcs, next, { was: old, is: replacement })
  return next
}
