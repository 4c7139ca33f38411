import { describe, expect, it } from 'vitest'
import { failuresOf, keptOf, packed, unpacked } from './corpus.ts'
import { fuzz } from './fuzzer.ts'
import { smaller } from './smaller.ts'
import { Broken, type Target } from './target.ts'
import { TARGETS, tableOf } from './targets/index.ts'

// Every decoder and the table of states and messages: what was kept of earlier sessions, every input that ever broke a rule, and some
// fresh ones. `npm run fuzz` goes on from here for as long as one likes. BOOKEND_SEED chooses other fresh ones, BOOKEND_FUZZ more.

const SEED = Number(process.env.BOOKEND_SEED ?? 1)
const SHARE = Number(process.env.BOOKEND_FUZZ ?? 1)

describe('inputs that nobody wants', () => {
  it.each(TARGETS.map(target => [target.name, target] as const))('%s', async (name, target) => {
    const kept = [...keptOf(name), ...failuresOf(name)]
    const { findings, runs } = await fuzz(target, { seed: SEED, kept, isOver: ran => ran >= target.runs * SHARE })
    expect(findings.map(({ input, message, stack }) => `${message}\n${packed(input)}\n${stack}`)).toEqual([])
    expect(runs).toBeGreaterThanOrEqual(target.runs * SHARE)
    const table = tableOf(name)
    // Every state with every message, whatever the seed.
    if (table !== undefined) expect(table.visited).toBe(table.of)
  })

  it('have names of their own', () => {
    expect(new Set(TARGETS.map(({ name }) => name)).size).toBe(TARGETS.length)
  })
})

/** Breaks its rule where three bytes stand together, and throws where there are two of another kind. */
const planted: Target = {
  name: 'planted',
  runs: 1,
  seeds: () => [new Uint8Array(20), Uint8Array.of(7, 7, 7, 7)],
  judge(input) {
    const text = `,${input.join()},`
    if (text.includes(',7,7,9,')) throw new Broken('sevens and a nine')
    return text.includes(',7,') ? 'sevens' : 'none'
  },
}

describe('the fuzzer', () => {
  it('finds what was planted, makes it small, and says the same each time', async () => {
    const hunt = () => fuzz(planted, { seed: 5, kept: [], isOver: runs => runs >= 20_000 })
    const [first, second] = [await hunt(), await hunt()]
    expect(first.findings.map(({ message }) => message)).toEqual(['Broken: sevens and a nine'])
    expect(second.findings).toEqual(first.findings.map(found => ({ ...found, stack: expect.any(String) })))
    const [found] = first.findings
    expect(await smaller(planted, found?.input ?? new Uint8Array(0))).toEqual(Uint8Array.of(7, 7, 9))
  })

  it('writes its corpus so that it can be read again', () => {
    const tile = Uint8Array.from({ length: 32 }, (_, at) => at)
    const inputs = [
      [],
      [1],
      new Uint8Array(1366),
      [...tile, ...tile, ...tile, 1, 2],
      [1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3],
    ]
    for (const input of inputs) expect(unpacked(packed(Uint8Array.from(input)))).toEqual(Uint8Array.from(input))
    expect(packed(new Uint8Array(1366))).toBe('(00)*1366')
  })
})
