import { add, defined, type Msat, msat, pmapDelete, pmapGet, pmapSet } from '../base/index.ts'
import { type HtlcSet, htlcKey, type Part } from './inbound.ts'
import type { PaymentsState } from './state.ts'

// Parts in their place in the state, and the sets that follow from them.

export function isComplete({ promisedMsat, totalMsat }: Pick<HtlcSet, 'promisedMsat' | 'totalMsat'>): boolean {
  return promisedMsat >= totalMsat
}

/** Cost: one pass over the keys of its set. */
export function withPart(state: PaymentsState, part: Part): PaymentsState {
  const key = htlcKey(part)
  const before = pmapGet(state.sets, part.paymentHash)
  const set: HtlcSet =
    before === undefined
      ? {
          paymentHash: part.paymentHash,
          totalMsat: part.totalMsat,
          promisedMsat: part.promisedMsat,
          startedAt: part.receivedAt,
          cltvExpiry: part.cltvExpiry,
          parts: [key],
        }
      : {
          ...before,
          promisedMsat: add(before.promisedMsat, part.promisedMsat),
          startedAt: Math.min(before.startedAt, part.receivedAt),
          cltvExpiry: Math.min(before.cltvExpiry, part.cltvExpiry),
          parts: [...before.parts, key].sort(),
        }
  return {
    ...state,
    parts: pmapSet(state.parts, key, part),
    sets: pmapSet(state.sets, part.paymentHash, set),
  }
}

/** Without the set and all of its parts. */
export function withoutSet(state: PaymentsState, set: HtlcSet): PaymentsState {
  let { parts } = state
  for (const key of set.parts) parts = pmapDelete(parts, key)
  return { ...state, parts, sets: pmapDelete(state.sets, set.paymentHash) }
}

export function partsOf(state: PaymentsState, set: HtlcSet | undefined): readonly Part[] {
  return (set?.parts ?? []).map(key => defined(pmapGet(state.parts, key), 'a set has its parts'))
}

export function sumOf(parts: readonly Pick<Part, 'amountMsat'>[]): Msat {
  return msat(parts.reduce((sum, { amountMsat }) => sum + amountMsat, 0n))
}
