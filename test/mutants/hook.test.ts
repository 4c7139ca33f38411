import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { NOT_PLANTED, planted } from './mutant.ts'
import { MUTANTS } from './table.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
// A part of the product as it is loaded, asked for what one mutant changes.
const ASK = `
const { htlcKey } = await import('./src/onchain/preimages.ts')
console.log(htlcKey({ offeredBy: 'remote', id: 7 }))`
const ID = 'htlcs-by-id-alone'

function run(mutant: string | undefined, hook = './test/mutants/hook.ts') {
  const { BOOKEND_MUTANT: _outer, ...env } = process.env
  const args = ['--import', hook, '--input-type=module', '--eval', ASK]
  return spawnSync(process.execPath, args, {
    cwd: ROOT,
    env: { ...env, ...(mutant !== undefined && { BOOKEND_MUTANT: mutant }) },
    encoding: 'utf8',
  })
}

test('a mutant is in the code that the program loads, and the process says so', () => {
  const mutant = MUTANTS.find(({ id }) => id === ID)
  const { status, stdout, stderr } = run(ID)
  expect(status).toBe(0)
  expect(stdout.trim()).toBe('htlc:7')
  expect(stderr).toContain(mutant && planted(mutant))
})

test('without one, and with one in another file, the code is as it is', () => {
  for (const mutant of [undefined, '', 'resolved-with-the-commitment']) {
    const { status, stdout, stderr } = run(mutant)
    expect(status).toBe(0)
    expect(stdout.trim()).toBe('remote:7')
    expect(stderr).not.toContain('is planted')
  }
})

test('one that there is not ends the process before anything runs', () => {
  const { status, stdout, stderr } = run('no-such-fault')
  expect(status).toBe(NOT_PLANTED)
  expect(stdout).toBe('')
  expect(stderr).toBe('error: there is no mutant no-such-fault.\n')
})
