/**
 * Branch and bound (Murch, "An evaluation of coin selection strategies"): the indexes of values whose sum is at least `target`,
 * below `limit`, and of all such sums found within `maxSteps` the smallest; `undefined` where there is none among them.
 * `values`: above zero, the largest first.
 *
 * A depth-first walk: each value is first taken, then left out. A branch ends where it has too much, or can no longer have enough.
 */
export function branchAndBound(
  values: readonly bigint[],
  bounds: { readonly target: bigint; readonly limit: bigint; readonly maxSteps: number },
): readonly number[] | undefined {
  const taken: number[] = []
  let sum = 0n
  let left = values.reduce((total, value) => total + value, 0n)
  let best: { readonly indexes: readonly number[]; readonly sum: bigint } | undefined
  for (let step = 0, at = 0; step < bounds.maxSteps; step++, at++) {
    const value = values[at]
    const enough = sum >= bounds.target
    if (enough && sum < bounds.limit && (best === undefined || sum < best.sum)) {
      best = { indexes: taken.slice(), sum }
      if (sum === bounds.target) break
    }
    // Where no value is left, nothing of `left` is either, so that the sum is enough or the branch ends as hopeless.
    if (enough || sum + left < bounds.target || value === undefined) {
      const last = taken.pop()
      if (last === undefined) break
      // Back to the value that was taken last: what lies behind it can be taken again, and it is left out now.
      for (const skipped of values.slice(last + 1, at)) left += skipped
      sum -= values[last] ?? 0n
      at = last
      continue
    }
    left -= value
    // One of two equal values is as good as the other: where the first was left out, the second would repeat the same sums.
    const repeats = at > 0 && values[at - 1] === value && taken.at(-1) !== at - 1
    if (repeats) continue
    taken.push(at)
    sum += value
  }
  return best?.indexes
}
