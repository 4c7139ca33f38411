import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { createProgram } from '../../src/cli/program.ts'
import * as door from '../../src/index.ts'
import { fakeShell } from '../cli/fakeShell.ts'

// What the README prints to be copied: its commands are commands of this program, with options that they have, and its imports are
// at the door of the package.

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const program = await createProgram(fakeShell().shell, '0.0.0')

const blocksOf = (language: string): readonly string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, text = '']) => text)

/** The words behind `npx bookend` in each line of shell, without the comment behind them. */
const calls = [
  ...blocksOf('sh')
    .join('\n')
    .matchAll(/npx bookend ([^\n#)]*)/g),
  ...readme.matchAll(/`npx bookend ([^`]*)`/g),
]
  .map(([, words = '']) => words.trim().split(/\s+/))
  .filter(([name]) => name !== 'help')

function commandOf(words: readonly string[]): Command | undefined {
  let command: Command = program
  for (const word of words) command = command.commands.find(one => one.name() === word) ?? command
  return command === program ? undefined : command
}

describe('the README', () => {
  it('shows commands', () => expect(calls.length).toBeGreaterThan(10))

  it.each(calls.map(words => [words.join(' '), words] as const))('bookend %s', (_, words) => {
    const command = commandOf(words)
    expect(command, 'a command of this program').toBeDefined()
    const options = command?.options.map(({ long }) => long) ?? []
    for (const word of words.filter(each => each.startsWith('--'))) expect(options).toContain(word)
  })

  it('names every command of the program in its table, and no other', () => {
    const table = /\| commands \| for \|\n([\s\S]*?)\n\n/.exec(readme)?.[1] ?? ''
    const named = table
      .split('\n')
      .flatMap(row => [...(row.split('|')[1] ?? '').matchAll(/`([a-z]+)`/g)].map(([, name]) => name))
    const known = program.commands.map(command => command.name()).filter(name => name !== 'help')
    expect(named.sort()).toEqual(known.sort())
  })

  it('imports what the package gives', () => {
    const imported = blocksOf('ts').flatMap(text => [...text.matchAll(/import \{ ([^}]*) \} from 'bookend'/g)])
    const names = imported.flatMap(([, list = '']) => list.split(', '))
    expect(names).toContain('createNode')
    for (const name of names) expect(Object.keys(door)).toContain(name)
  })
})
