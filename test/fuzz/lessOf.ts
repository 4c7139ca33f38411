import { toHex } from '../../src/base/index.ts'
import { packed } from './corpus.ts'
import type { Coverage } from './coverage.ts'
import type { Target } from './target.ts'

/** What the corpus of one target may take, in characters of its file. */
const MOST_CHARACTERS = 7_000

/**
 * As few inputs as say all that these say and run all that these run, the shortest first, as far as they fit. What the target's own
 * seeds reach needs no keeping.
 */
export async function lessOf(
  target: Target,
  inputs: readonly Uint8Array[],
  coverage: Coverage | undefined,
): Promise<readonly Uint8Array[]> {
  coverage?.forget()
  const outcomes = new Set<string>()
  const reached = async (input: Uint8Array): Promise<boolean> => {
    const outcome = await outcomeOf(target, input)
    const news = coverage?.news() ?? []
    coverage?.accept(news)
    const saysNothingNew = outcomes.has(outcome)
    outcomes.add(outcome)
    return !saysNothingNew || news.length > 0
  }
  const seeds = target.seeds()
  for (const input of seeds) outcomes.add(await outcomeOf(target, input))
  coverage?.accept(coverage.news())
  const known = new Set(seeds.map(toHex))
  const others = inputs.filter(input => !known.has(toHex(input)))
  const few: Uint8Array[] = []
  let left = MOST_CHARACTERS
  for (const input of others.toSorted((a, b) => a.length - b.length)) {
    const length = packed(input).length + 1
    if (length > left || !(await reached(input))) continue
    few.push(input)
    left -= length
  }
  return few
}

async function outcomeOf(target: Target, input: Uint8Array): Promise<string> {
  try {
    return await target.judge(input)
  } catch {
    // It is a finding, and kept as one.
    return 'broken'
  }
}
