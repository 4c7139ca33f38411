import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { invariants } from '../../src/sim/invariants/index.ts'
import { isPlan } from '../../src/sim/plan.ts'
import { runPlan } from '../../src/sim/run.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'

// Plans that break a rule to this day, as short as they could be made, with what they show. Whoever mends one moves it to `kept`.

const FOLDER = new URL('./open/', import.meta.url)

/** By file: the rule that breaks. The folder is there where a plan is. */
const OPEN: Readonly<Record<string, string>> = {}

beforeAll(() => useCrypto('fast'))

test('each of them is said here', () => {
  expect(existsSync(FOLDER) ? readdirSync(FOLDER).sort() : []).toEqual(Object.keys(OPEN).sort())
})

test.each(Object.entries(OPEN))('%s still breaks the rule %s', (name, rule) => {
  const plan: unknown = JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'))
  if (!isPlan(plan)) throw new Error(`${name} is not a plan`)
  expect(runPlan(plan, invariants).failure?.rule).toBe(rule)
})
