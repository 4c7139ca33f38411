import { type PMap, pmapDelete, pmapEntries, pmapHas, pmapSet, toHex } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'
import { deleteOnion, putOnion } from './records.ts'
import { type PaymentStep, type PaymentsState, unchanged } from './state.ts'
import type { PaymentContext, PaymentWrite } from './types.ts'

// Each onion is opened once (BOLT 4, onion decryption): who could send one again would see by what comes of it where it leads. They
// are known by the secret that we share with their origin, of which only a hash is kept, until the HTLC that brought it has expired.

/** Heights between two looks at what has expired. */
const FORGET_EVERY_BLOCKS = 6
/** Where there are too many, so many of a hundred are forgotten: those that expire first. */
const FORGET_PER_CENT = 10

/** Half of a hash is more than anybody can find a second secret for. */
const keyOf = (sharedSecret: Uint8Array): string => toHex(sha256(sharedSecret).subarray(0, 16))

export function wasSeen({ onions }: PaymentsState, sharedSecret: Uint8Array): boolean {
  return pmapHas(onions, keyOf(sharedSecret))
}

/** The step, and that this onion was opened. `cltvExpiry`: of its HTLC. */
export function withSeen(
  step: PaymentStep,
  { sharedSecret, cltvExpiry }: { readonly sharedSecret: Uint8Array; readonly cltvExpiry: number },
  { limits }: PaymentContext,
): PaymentStep {
  const key = keyOf(sharedSecret)
  const kept = pmapSet(step.next.onions, key, cltvExpiry)
  const writes: PaymentWrite[] = [...step.writes, putOnion(key, cltvExpiry)]
  if (kept.size <= limits.maxOnionsSeen) return { ...step, next: { ...step.next, onions: kept }, writes }
  const sorted = [...pmapEntries(kept)].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1))
  const gone = sorted.slice(0, Math.ceil((kept.size * FORGET_PER_CENT) / 100)).map(([each]) => each)
  const left = without(kept, gone)
  return { ...step, next: { ...step.next, onions: left }, writes: [...writes, ...gone.map(deleteOnion)] }
}

/** Cost: one pass over all of them, once in `FORGET_EVERY_BLOCKS`. */
export function forgetOnions(state: PaymentsState, { height }: PaymentContext): PaymentStep {
  if (height % FORGET_EVERY_BLOCKS !== 0 || state.onions.size === 0) return unchanged(state)
  const gone = [...pmapEntries(state.onions)].flatMap(([key, cltvExpiry]) => (cltvExpiry <= height ? [key] : []))
  if (gone.length === 0) return unchanged(state)
  return { next: { ...state, onions: without(state.onions, gone) }, writes: gone.sort().map(deleteOnion), effects: [] }
}

function without(onions: PMap<number>, keys: readonly string[]): PMap<number> {
  return keys.reduce((left, key) => pmapDelete(left, key), onions)
}
