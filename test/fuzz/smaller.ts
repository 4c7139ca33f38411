import { concat } from '../../src/base/index.ts'
import { kindOf, type Target } from './target.ts'

const MOST_TRIES = 3_000

/** A shorter input that breaks the same rule: pieces are cut out, large ones first, then bytes become zeros. */
export async function smaller(target: Target, input: Uint8Array): Promise<Uint8Array> {
  const kind = await breach(target, input)
  let best = input
  let tries = 0
  const take = async (candidate: Uint8Array): Promise<boolean> => {
    tries += 1
    if (tries > MOST_TRIES || (await breach(target, candidate)) !== kind) return false
    best = candidate
    return true
  }
  for (let width = input.length >> 1; width >= 1; width >>= 1) {
    for (let at = 0; at + width <= best.length; ) {
      const cut = concat(best.subarray(0, at), best.subarray(at + width))
      if (!(await take(cut))) at += width
    }
  }
  for (let at = 0; at < best.length; at++) {
    if (best[at] === 0) continue
    const zeroed = best.slice()
    zeroed[at] = 0
    await take(zeroed)
  }
  return best
}

async function breach(target: Target, input: Uint8Array): Promise<string | undefined> {
  try {
    await target.judge(input)
    return undefined
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${kindOf(error.message)}` : 'something else'
  }
}
