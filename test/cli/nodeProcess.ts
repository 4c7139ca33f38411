import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type BookendClient, createClient } from '../../src/api/index.ts'
import { type Ended, firstLine, newFolder, run, type Started, start } from './regtestProcess.ts'

// `bookend start` as a process of its own, and the commands that talk to it, each another process.

export interface ReadyLine {
  readonly event: string
  readonly nodeId: string
  readonly network: string
  readonly listen: string
  readonly api: string
  readonly dataDir: string
  readonly pid: number
}

export interface NodeProcess extends Started {
  readonly dataDir: string
  readonly ready: ReadyLine
  /** NODEID@HOST:PORT. */
  readonly uri: string
  /** For looking again and again: a command each time would take its time. */
  readonly client: BookendClient
  /** A command for this node, to its end. */
  run(...words: readonly string[]): Promise<Ended>
  /** The same, with the one JSON value that it prints. Fails where it does. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of every shape, and fails where they have another.
  json(...words: readonly string[]): Promise<any>
  end(signal: NodeJS.Signals): Promise<Ended>
}

export const chainUrl = (port: string): string => `http://bookend:bookend@127.0.0.1:${port}`

export interface NodeOptions {
  readonly chainPort: string
  readonly dataDir?: string
  /** How the seed is kept; unencrypted unless told. */
  readonly seed?: readonly string[]
  readonly listen?: string
}

/** A directory that no node has been in. */
export const newDataDir = (): string => join(newFolder(), 'node')

export const startWords = ({ chainPort, dataDir = newDataDir(), seed, listen }: NodeOptions): readonly string[] => [
  'start',
  '--json',
  ...['--data-dir', dataDir, '--network', 'regtest', '--chain', chainUrl(chainPort)],
  ...['--listen', listen ?? '127.0.0.1:0', '--api', '127.0.0.1:0'],
  ...(seed ?? ['--unencrypted-seed']),
]

/** Starts a node and waits until it is ready. */
export async function startNode(options: NodeOptions): Promise<NodeProcess> {
  const dataDir = options.dataDir ?? newDataDir()
  const started = start(startWords({ ...options, dataDir }))
  const ready = JSON.parse(await firstLine(started)) as ReadyLine
  const at = ['--data-dir', dataDir]
  return {
    ...started,
    dataDir,
    ready,
    client: createClient({ url: ready.api, token: readFileSync(join(dataDir, 'api-token'), 'utf8').trim() }),
    uri: `${ready.nodeId}@${ready.listen}`,
    run: (...words) => run(...words, ...at),
    json: async (...words) => {
      const { code, out, errors } = await run(...words, ...at, '--json')
      expect([words, code, errors]).toEqual([words, 0, ''])
      return JSON.parse(out)
    },
    end: signal => {
      started.child.kill(signal)
      return started.ended
    },
  }
}

/** What a command that failed with --json says. */
export function failureOf({ code, out, errors }: Ended): unknown {
  expect([out, errors.split('\n').length]).toEqual(['', 2])
  return { exitCode: code, ...(JSON.parse(errors) as { error: object }).error }
}

/** A directory whose rights are too wide. */
export function openDataDir(): string {
  const dataDir = newDataDir()
  mkdirSync(dataDir, { mode: 0o755 })
  return dataDir
}
