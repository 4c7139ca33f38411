import type { Tx } from '../bitcoin/index.ts'
import { LOCKTIME_THRESHOLD, SEQUENCE_FINAL } from './params.ts'
import { ancestorAt, type BlockNode } from './tree.ts'

// When a transaction may be mined: absolute locks (BIP 65 enforces them in scripts, BIP 113 says which time counts) and
// relative ones (BIP 68; BIP 112 enforces them in scripts).

/** The input has no relative lock. */
const SEQUENCE_DISABLED = 0x80000000
/** The relative lock is in units of 512 seconds instead of blocks. */
const SEQUENCE_IN_TIME = 0x00400000
const SEQUENCE_MASK = 0xffff
const SEQUENCE_SECONDS = 512

/** Whether `tx` may be in a block at `height` whose parent has the median time past `medianTimePast` (BIP 113). */
export function isFinal(tx: Tx, height: number, medianTimePast: number): boolean {
  if (tx.locktime === 0) return true
  if (tx.locktime < (tx.locktime < LOCKTIME_THRESHOLD ? height : medianTimePast)) return true
  return tx.inputs.every(input => input.sequence === SEQUENCE_FINAL)
}

/** The first block that may hold a transaction, as far as its relative locks go. */
export interface SequenceLock {
  /** Lowest height allowed. */
  readonly height: number
  /** Lowest median time past allowed for the parent. */
  readonly time: number
}

/**
 * The relative locks of `tx` (BIP 68). `coinHeights` are those of the outputs it spends, in order; an output that is
 * still in the mempool counts as if it were made in the block after `parent`.
 */
export function sequenceLock(tx: Tx, coinHeights: readonly number[], parent: BlockNode): SequenceLock {
  let lock: SequenceLock = { height: 0, time: 0 }
  if (tx.version >>> 0 < 2) return lock
  for (const [index, { sequence }] of tx.inputs.entries()) {
    if ((sequence & SEQUENCE_DISABLED) !== 0) continue
    const coinHeight = coinHeights[index] ?? 0
    const count = sequence & SEQUENCE_MASK
    if ((sequence & SEQUENCE_IN_TIME) !== 0) {
      // Time runs from the median time past of the block before the one that made the output.
      const from = ancestorAt(parent, Math.max(coinHeight - 1, 0)).medianTimePast
      lock = { ...lock, time: Math.max(lock.time, from + count * SEQUENCE_SECONDS) }
    } else lock = { ...lock, height: Math.max(lock.height, coinHeight + count) }
  }
  return lock
}

/** Whether a block on top of `parent` satisfies the lock. */
export function satisfiesLock(lock: SequenceLock, parent: BlockNode): boolean {
  return lock.height <= parent.height + 1 && lock.time <= parent.medianTimePast
}
