import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { bashScript } from '../../src/cli/completion/bash.ts'
import { fishScript } from '../../src/cli/completion/fish.ts'
import { modelOf } from '../../src/cli/completion/model.ts'
import { zshScript } from '../../src/cli/completion/zsh.ts'
import { newFolder, run } from './fakeShell.ts'

// The scripts are judged by the shells themselves, those that this machine has. bash is always there.

const isInstalled = (shell: string): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0

async function scriptFile(shell: string): Promise<string> {
  const { code, out, errors } = await run(['completion', shell])
  expect([code, errors]).toEqual([0, ''])
  const file = join(newFolder(), `completion.${shell}`)
  writeFileSync(file, out)
  return file
}

/** What a shell offers for the last word of a line. */
type Offers = (line: string) => readonly string[]

function outputOf(shell: string, args: readonly string[]): readonly string[] {
  const { stdout, stderr, status } = spawnSync(shell, args, {
    encoding: 'utf8',
    env: { ...process.env, HOME: '/nowhere' },
  })
  expect([stderr, status]).toEqual(['', 0])
  return stdout.split('\n').filter(line => line !== '')
}

async function bash(): Promise<Offers> {
  const file = await scriptFile('bash')
  return line => {
    const words = line.split(' ')
    const quoted = words.map(word => `'${word}'`).join(' ')
    const script = `source '${file}'; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _bookend; printf '%s\\n' "\${COMPREPLY[@]}"`
    return outputOf('bash', ['--norc', '--noprofile', '-c', script])
  }
}

async function fish(): Promise<Offers> {
  const file = await scriptFile('fish')
  return line =>
    outputOf('fish', ['--no-config', '-c', `source '${file}'; complete --do-complete '${line}'`]).map(
      offered => offered.split('\t')[0] ?? '',
    )
}

/** zsh has no way to ask; what would be shown is taken where the script hands it over. */
async function zsh(): Promise<Offers> {
  const file = await scriptFile('zsh')
  const told = `
_describe() { [[ "$1" == -o ]] && shift; for each in "\${(@P)2}"; do print -r -- "\${each%%:*}"; done }
compadd() { shift; print -rl -- "$@" }
_files() { print -r -- "files $*" }
_message() { : }
compdef() { : }`
  return line => {
    const words = line.split(' ')
    const quoted = words.map(word => `'${word}'`).join(' ')
    return outputOf('zsh', [
      '-f',
      '-c',
      `${told}\nsource '${file}'\nwords=(${quoted}); CURRENT=${words.length}; _bookend`,
    ])
  }
}

const SHELLS: readonly (readonly [string, () => Promise<Offers>])[] = [
  ['bash', bash],
  ['zsh', zsh],
  ['fish', fish],
]

describe.each(SHELLS.filter(([name]) => name === 'bash' || isInstalled(name)))('completion in %s', (name, load) => {
  it('offers commands, and those of commands', async () => {
    const offers = await load()
    expect(offers('bookend ')).toEqual(expect.arrayContaining(['start', 'channels', 'completion', 'help', 'regtest']))
    expect([...offers('bookend tokens ')].sort()).toEqual(['create', 'list', 'revoke'])
    expect([...offers('bookend regtest ')]).toEqual(['mine'])
  })

  it('offers the options of the command that stands there, and of no other', async () => {
    const offers = await load()
    expect(offers('bookend pay -')).toEqual(expect.arrayContaining(['--max-fee', '--amount-msat', '--json', '--help']))
    expect(offers('bookend policy -')).toEqual(expect.arrayContaining(['--base-fee', '--ppm', '--disable']))
    expect(offers('bookend decode -')).not.toContain('--data-dir')
    expect(offers('bookend pay -')).not.toContain('--force')
    expect(offers('bookend close --json c1c1c1 --')).toEqual(expect.arrayContaining(['--force', '--yes']))
    expect(offers('bookend tokens create shop --')).toContain('--scope')
    expect(offers('bookend tokens list --')).not.toContain('--scope')
  })

  it('offers what an option or an argument may be', async () => {
    const offers = await load()
    expect([...offers('bookend start --network ')].sort()).toEqual(['bitcoin', 'regtest', 'signet', 'testnet4'])
    expect([...offers('bookend payments --status ')].sort()).toEqual(['failed', 'pending', 'succeeded'])
    expect([...offers('bookend completion ')].sort()).toEqual(['bash', 'fish', 'zsh'])
    // A value that can be anything is not taken for the name of a command.
    expect(offers('bookend pay --amount-msat ')).not.toContain('start')
  })

  it('narrows to what was begun', async () => {
    const offers = await load()
    // zsh narrows by itself, after it was handed all.
    if (name === 'zsh') return expect(offers('bookend ch')).toContain('channels')
    expect([...offers('bookend ch')].sort()).toEqual(['channel', 'channels'])
    expect(offers('bookend start --netw')).toEqual(['--network'])
  })
})

describe('completion scripts', () => {
  const awkward = new Command('bookend').addCommand(
    new Command('odd')
      .description("it's: \\ $HOME `x`")
      .option('--what <folder>', 'don\'t; "quote"')
      .argument('<file>'),
  )
  const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript }

  it.each(Object.entries(scripts).filter(([name]) => name === 'bash' || isInstalled(name)))(
    'for %s hold whatever a description says',
    (name, script) => {
      const file = join(newFolder(), 'script')
      writeFileSync(file, script(modelOf(awkward)))
      expect(outputOf(name, ['-n', file])).toEqual([])
    },
  )
})
