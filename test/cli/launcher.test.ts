import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** Makes the Node that runs the launcher say that it is an old one; what the launcher starts is not told. */
const PRETEND_OLD = [
  '--import',
  'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.1.0"}})',
]

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

/** A checkout in which nobody has run `npm ci`. */
function bareCheckout(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bookend-launcher-'))
  folders.push(folder)
  for (const part of ['bin', 'src/cli', 'package.json'])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true })
  return folder
}

interface Start {
  readonly args?: readonly string[]
  readonly root?: string
  readonly nodeOptions?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

function launch({ args = [], root = ROOT, nodeOptions = [], env = {} }: Start) {
  const ended = spawnSync(process.execPath, [...nodeOptions, join(root, 'bin/bookend.js'), ...args], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', ...env },
  })
  return { code: ended.status, out: ended.stdout, errors: ended.stderr }
}

describe('the launcher', () => {
  it('prints the help and the version', () => {
    expect(launch({})).toMatchObject({ code: 0, errors: '', out: expect.stringContaining('Usage: bookend') })
    expect(launch({ args: ['--version'] })).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })

  it('says what is allowed when a command does not exist, with exit code 2', () => {
    const ended = launch({ args: ['dmeo'] })
    expect(ended).toMatchObject({ code: 2, out: '' })
    expect(ended.errors).toMatch(/Allowed here: .*help/)
  })

  it('starts itself again on the bundled Node when the host has an old one, and hands on output and exit code', () => {
    expect(launch({ nodeOptions: PRETEND_OLD, args: ['--version'] })).toEqual(launch({ args: ['--version'] }))
    expect(launch({ nodeOptions: PRETEND_OLD, args: ['dmeo'] })).toEqual(launch({ args: ['dmeo'] }))
  })

  it('says in one sentence what is needed, what is there and what to do when there is no Node to start', () => {
    const ended = launch({ root: bareCheckout(), nodeOptions: PRETEND_OLD })
    expect(ended).toMatchObject({ code: 1, out: '' })
    expect(ended.errors).toMatch(/^Bookend needs Node 24 or newer and this is Node 20\.1\.0: .*npm ci.*\.\n$/)
  })

  it('gives up instead of starting itself for ever when the bundled Node is old as well', () => {
    const ended = launch({ nodeOptions: PRETEND_OLD, env: { BOOKEND_STARTED_AGAIN: '1' } })
    expect(ended).toMatchObject({ code: 1, errors: expect.stringContaining('needs Node 24') })
  })

  it('says that the dependencies are missing in a checkout without them', () => {
    const ended = launch({ root: bareCheckout() })
    expect(ended).toMatchObject({ code: 1, out: '', errors: expect.stringContaining('run `npm ci` there') })
  })
})
