import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { runCli } from '../../src/cli/runCli.ts'
import type { EndSignal, Shell } from '../../src/cli/shell.ts'
import { ADMIN_SECRET } from '../api/fakeNode.ts'
import { type Served, served } from '../api/served.ts'

// The command line inside the test: what it would print, and the code that it would end with.

export interface Ran {
  readonly code: number
  readonly out: string
  readonly errors: string
}

export interface FakeShell {
  readonly shell: Shell
  readonly printed: () => { readonly out: string; readonly errors: string }
  readonly signal: (signal: EndSignal) => void
  readonly exits: number[]
  readonly questions: string[]
}

export interface ShellOptions {
  readonly json?: boolean
  readonly env?: Readonly<Record<string, string>>
  readonly home?: string
  /** What a person at the terminal types, in order. Without it there is nobody. */
  readonly answers?: readonly string[]
  readonly color?: boolean
  readonly columns?: number
}

export function fakeShell({
  json = false,
  env = {},
  home = '/nowhere',
  answers,
  color = false,
  columns = 80,
}: ShellOptions = {}): FakeShell {
  let [out, errors] = ['', '']
  const listeners = new Set<(signal: EndSignal) => void>()
  const questions: string[] = []
  const exits: number[] = []
  const left = [...(answers ?? [])]
  const ask = async (question: string): Promise<string> => {
    questions.push(question)
    const next = left.shift()
    if (next === undefined) throw new Error(`nobody answers '${question}'`)
    return next
  }
  const shell: Shell = {
    json,
    out: text => {
      out += text
    },
    errors: text => {
      errors += text
    },
    isTerminal: answers !== undefined,
    columns,
    canAsk: answers !== undefined && !json,
    color,
    env,
    home,
    askSecret: ask,
    confirm: async question => (await ask(question)) === 'y',
    onSignal: listener => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    exit: code => {
      exits.push(code)
    },
  }
  return {
    shell,
    printed: () => ({ out, errors }),
    signal: signal => {
      for (const listener of listeners) listener(signal)
    },
    exits,
    questions,
  }
}

export async function runWith(fake: FakeShell, words: readonly string[]): Promise<Ran> {
  const code = await runCli(words, fake.shell, '1.2.3')
  return { code, ...fake.printed() }
}

/** Runs a command with nobody at the terminal. */
export function run(words: readonly string[], options: ShellOptions = {}): Promise<Ran> {
  return runWith(fakeShell({ json: words.includes('--json'), ...options }), words)
}

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bookend-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export interface AtFakeNode extends Served {
  /** A directory like that of a running node. */
  readonly dataDir: string
  /** A command for this node. */
  run(...words: readonly string[]): Promise<Ran>
}

/** The API of a fake node, found by a data directory. */
export async function atFakeNode(): Promise<AtFakeNode> {
  const fake = await served()
  const dataDir = newFolder()
  writeFileSync(join(dataDir, 'api.json'), JSON.stringify({ url: fake.api.url }))
  writeFileSync(join(dataDir, 'api-token'), `${ADMIN_SECRET}\n`)
  return { ...fake, dataDir, run: (...words) => run([...words, '--data-dir', dataDir]) }
}
