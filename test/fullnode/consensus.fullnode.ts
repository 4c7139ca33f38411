import { afterAll, beforeAll, expect, test } from 'vitest'
import { defined, sat } from '../../src/base/index.ts'
import { alice, coinOf, spend, type TestCoin, value } from '../regtest/support.ts'
import { BREAKAGES, type Draw, SHAPES, spendOf } from './cases.ts'
import { startTwins, type Twins } from './twins.ts'

// The same transactions, each alone in a block, to the embedded chain and to btcd: both take it or neither does.

const CASES = Number(process.env.BOOKEND_DIFFERENTIAL ?? 10_000) / 10
const SEED = Number(process.env.BOOKEND_SEED ?? 1)
const COIN_SAT = sat(10_000)
const COINS_AT_ONCE = 210

let twins: Twins
beforeAll(async () => {
  twins = await startTwins()
})
afterAll(() => twins?.btcd.stop())

/** xorshift of 32 bits: enough to choose by, and the same everywhere. */
function drawFrom(seed: number): Draw {
  let state = seed | 0 || 1
  return bound => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % bound
  }
}

/** New coins, one shape after the other, old enough for the delays. */
async function coins(): Promise<readonly TestCoin[]> {
  const { chain } = twins
  const total = sat(COIN_SAT * BigInt(COINS_AT_ONCE) + 100_000n)
  const { tx } = value(chain.fork().fund(alice.script, total, { confirm: false }))
  const outputs = Array.from({ length: COINS_AT_ONCE }, (_, index) => ({
    amountSat: COIN_SAT,
    script: defined(SHAPES[index % SHAPES.length], 'a shape').output,
  }))
  const split = spend([coinOf(tx)], { outputs })
  for (const block of [[tx], [split], [], []])
    expect(await twins.offer(block)).toMatchObject({ btcd: undefined, embedded: { ok: true } })
  return outputs.map((_, vout) => coinOf(split, vout))
}

test(`${CASES} transactions, valid and broken in one way each (seed ${SEED})`, async () => {
  const draw = drawFrom(SEED)
  const names = Object.keys(BREAKAGES)
  const differences: unknown[] = []
  const seen = { taken: 0, refused: 0 }
  let fresh: readonly TestCoin[] = []
  for (let number = 0; number < CASES; number++) {
    const at = number % COINS_AT_ONCE
    if (at === 0) fresh = await coins()
    const shape = defined(SHAPES[at % SHAPES.length], 'a shape')
    const name = defined(names[draw(names.length)], 'a breakage')
    const tx = spendOf(shape, defined(fresh[at], 'a coin'), defined(BREAKAGES[name], name), draw)
    const { embedded, btcd } = await twins.offer([tx])
    if (embedded.ok !== (btcd === undefined)) {
      differences.push({ shape: shape.name, name, btcd, embedded: embedded.ok || embedded.error })
      break
    }
    if (name === 'nothing') expect([shape.name, btcd]).toEqual([shape.name, undefined])
    seen[embedded.ok ? 'taken' : 'refused']++
  }
  expect(differences).toEqual([])
  // Neither side answers the same to everything.
  expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(CASES / 10)
  console.info(`${seen.taken} taken and ${seen.refused} refused by both`)
})
