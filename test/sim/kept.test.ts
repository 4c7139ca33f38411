import { readdirSync, readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { invariants } from '../../src/sim/invariants/index.ts'
import { isPlan } from '../../src/sim/plan.ts'
import { runPlan } from '../../src/sim/run.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'

// Plans that once broke a rule because of the product, or of the rule, as short as they could be made. Each is named after what was
// wrong.

const FOLDER = new URL('./kept/', import.meta.url)
const kept = readdirSync(FOLDER).filter(name => name.endsWith('.json'))

beforeAll(async () => {
  await useCrypto('fast')
})

test('there are some', () => {
  expect(kept.length).toBeGreaterThan(0)
})

test.each(kept)('%s breaks no rule any more', name => {
  const plan: unknown = JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'))
  if (!isPlan(plan)) throw new Error(`${name} is not a plan`)
  expect(plan.mode).toBe('fast')
  expect(runPlan(plan, invariants).failure).toBeUndefined()
})
