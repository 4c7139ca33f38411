import { readdirSync, readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { invariants } from '../../src/sim/invariants/index.ts'
import { isPlan } from '../../src/sim/plan.ts'
import { runPlan } from '../../src/sim/run.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'

// Plans that break a rule to this day, as short as they could be made, with what they show. Whoever mends one moves it to `kept`.

const FOLDER = new URL('./open/', import.meta.url)

/**
 * Two nodes pay each other under one hash. The channel closes by force when one of the two HTLCs has been paid for and the other is not
 * irrevocable yet: our enforcement claims it with the preimage that we know, and no payment is written down as received. Nobody loses.
 */
const OPEN: Readonly<Record<string, string>> = {
  'claimed-on-chain-before-it-was-counted.json': 'payments',
}

beforeAll(() => useCrypto('fast'))

test('each of them is said here', () => {
  expect(readdirSync(FOLDER).sort()).toEqual(Object.keys(OPEN).sort())
})

test.each(Object.entries(OPEN))('%s still breaks the rule %s', (name, rule) => {
  const plan: unknown = JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'))
  if (!isPlan(plan)) throw new Error(`${name} is not a plan`)
  expect(runPlan(plan, invariants).failure?.rule).toBe(rule)
})
