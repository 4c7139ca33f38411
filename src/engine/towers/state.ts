import { type DecodeFailure, decode, type NodeId, ok, type Result, u64Number } from '../../base/index.ts'

export interface TowersState {
  /** The number of the next job. */
  readonly next: number
  /** Up to which number each tower has all. */
  readonly acked: ReadonlyMap<NodeId, number>
}

/** `records`: by tower. */
export function loadTowers(
  next: Uint8Array | undefined,
  records: ReadonlyMap<string, Uint8Array>,
): Result<TowersState, DecodeFailure> {
  const number = next === undefined ? ok(1) : decode(u64Number, next)
  if (!number.ok) return number
  const acked = new Map<NodeId, number>()
  for (const [tower, value] of records) {
    const sequence = decode(u64Number, value)
    if (!sequence.ok) return sequence
    acked.set(tower as NodeId, sequence.value) // our own key
  }
  return ok({ next: number.value, acked })
}
