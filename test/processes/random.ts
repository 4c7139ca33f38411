/** Draws that a number repeats: mulberry32. Good enough to choose moments, amounts and bytes; nothing secret. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** From `low` to `high`, both included. */
  between(low: number, high: number): number
  /** True in so many of all cases. */
  chance(share: number): boolean
  of<T>(values: readonly T[]): T
}

export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1))
  return {
    next,
    between,
    chance: share => next() < share,
    of: values => {
      const value = values[between(0, values.length - 1)]
      if (value === undefined) throw new Error('there is nothing to choose from')
      return value
    },
  }
}
