import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

// `npm run sim` as it is run, over a product with a planted fault: an HTLC that has ended stays in the store, which the worlds notice in which one ends.

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const MUTANT = 'ended-htlcs-stay-stored'

interface Ran {
  readonly code: number | undefined
  readonly stdout: string
}

function sim(mutant: string, ...more: readonly string[]): Promise<Ran> {
  const seeds = ['--seeds', '3', '--seed', '1', '--deeds', '12', '--jobs', '1']
  const args = ['--import', './test/mutants/hook.ts', 'src/sim/main.ts', ...seeds, ...more]
  return new Promise(resolve => {
    const child = execFile(
      process.execPath,
      args,
      { cwd: ROOT, env: { ...process.env, BOOKEND_MUTANT: mutant } },
      (_error, stdout) => resolve({ code: child.exitCode ?? undefined, stdout }),
    )
  })
}

test('a long run goes on where rules break, names each seed and its rule, and ends with 1', async () => {
  const { code, stdout } = await sim(MUTANT, '--keep-going', '--json')
  expect(code).toBe(1)
  const said = JSON.parse(stdout) as { readonly broken: readonly { readonly seed: string }[] }
  expect(said).toMatchObject({ seedsRun: 3, failed: true })
  // Not each world has an HTLC that ends; more than one of them shows that the run went on.
  expect(said.broken.length).toBeGreaterThan(1)
  expect(new Set(said.broken.map(({ seed }) => seed)).size).toBe(said.broken.length)
  for (const each of said.broken)
    expect(each).toEqual({
      seed: expect.stringMatching(/^[123]$/),
      rule: expect.any(String),
      message: expect.any(String),
    })
})

test('the same in words', async () => {
  const { code, stdout } = await sim(MUTANT, '--keep-going')
  expect(code).toBe(1)
  const named = stdout.match(/^ {2}Seed [123] breaks a rule\. {2}\S/gm) ?? []
  expect(named.length).toBeGreaterThan(1)
  expect(stdout).toContain(`${named.length} of 3 seeds broke a rule.`)
})

test('otherwise the first that breaks ends the run', async () => {
  const { code, stdout } = await sim(MUTANT, '--json')
  expect(code).toBe(1)
  expect(JSON.parse(stdout)).toMatchObject({ seedsRun: 1, failed: true, seed: '1' })
})

test('where nothing breaks there is nothing to name, and how many payments failed is no failure', async () => {
  const { code, stdout } = await sim('', '--keep-going', '--json')
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ seedsRun: 3, failed: false, paymentsFailed: expect.any(Number) })
})
