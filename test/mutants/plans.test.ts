import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { invariants } from '../../src/sim/invariants/index.ts'
import { isPlan, type Plan } from '../../src/sim/plan.ts'
import { runPlan } from '../../src/sim/run.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'
import { planted } from './mutant.ts'
import { OPEN } from './open.ts'
import { MUTANTS } from './table.ts'

// What has killed each mutant kills it still; and without the mutant the same plan breaks no rule.

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const fileOf = (id: string) => fileURLToPath(new URL(`./plans/${id}.json`, import.meta.url))
const killed = MUTANTS.filter(({ id }) => existsSync(fileOf(id)))
/** A process loads the whole product, and then runs the plan. */
const LONGEST_MS = 120_000

beforeAll(async () => {
  await useCrypto('fast')
})

test('each mutant has a plan that kills it, but for those that are known to be open', () => {
  const alive = MUTANTS.filter(mutant => !killed.includes(mutant)).map(({ id }) => id)
  expect(alive.sort()).toEqual(Object.keys(OPEN).sort())
})

test.concurrent.each(killed)(
  '$id is killed by its plan, which goes well without it',
  async mutant => {
    const { stdout, stderr } = await replay(mutant.id)
    expect(stderr).toContain(planted(mutant))
    const words = `the plan of ${mutant.id} kills it no more: npm run mutants -- --only ${mutant.id} --again finds another`
    expect(stdout, words).not.toBe('')
    // What the replay prints.
    const { seed } = JSON.parse(stdout) as { readonly seed: string }
    expect(runPlan({ ...planOf(mutant.id), seed }, world => invariants(world)).failure).toBeUndefined()
  },
  LONGEST_MS,
)

function planOf(id: string): Plan {
  const plan: unknown = JSON.parse(readFileSync(fileOf(id), 'utf8'))
  if (!isPlan(plan)) throw new Error(`the plan of ${id} is none`)
  return plan
}

function replay(id: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const args = ['--import', './test/mutants/hook.ts', 'test/mutants/replay.ts', fileOf(id)]
  // All of them load the same files but for one.
  const env = { ...process.env, BOOKEND_MUTANT: id, NODE_COMPILE_CACHE: join(tmpdir(), 'bookend-compile-cache') }
  return new Promise(resolve => {
    execFile(process.execPath, args, { cwd: ROOT, env }, (_error, stdout, stderr) => resolve({ stdout, stderr }))
  })
}
