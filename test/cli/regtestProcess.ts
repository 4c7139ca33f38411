import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Rpc, rpcAt } from '../regtest/rpcClient.ts'

// `bookend regtest` as a process of its own, as a person or a script starts it.

const LAUNCHER = fileURLToPath(new URL('../../bin/bookend.js', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly errors: string
}

export interface Ready {
  readonly event: string
  readonly rpc: string
  readonly user: string
  readonly pid: number
  readonly height: number
  readonly bestblockhash: string
  readonly dataDir?: string
}

export interface Served {
  readonly ready: Ready
  readonly child: ChildProcess
  readonly rpc: Pick<Rpc, 'call' | 'fails' | 'post'>
  readonly port: string
  /** When the process is gone. */
  readonly ended: Promise<Ended>
  readonly end: (signal: NodeJS.Signals) => Promise<Ended>
}

const children = new Set<ChildProcess>()
const folders: string[] = []

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bookend-regtest-'))
  folders.push(folder)
  return folder
}

/** For `afterAll`: nothing outlives its test. */
export function cleanUp(): void {
  for (const child of children) child.kill('SIGKILL')
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}

export interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  readonly out: () => string
}

/** Starts a command. A home of nobody, so that no default directory is touched. */
export function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Started {
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HOME: '/nowhere', ...env },
  })
  children.add(child)
  let [out, errors] = ['', '']
  child.stdout.on('data', bytes => {
    out += String(bytes)
  })
  child.stderr.on('data', bytes => {
    errors += String(bytes)
  })
  const ended = new Promise<Ended>(done => {
    child.once('close', code => {
      children.delete(child)
      done({ code, out, errors })
    })
  })
  return { child, ended, out: () => out }
}

/** Runs a command to its end. */
export const run = (...args: readonly string[]): Promise<Ended> => start(args).ended

/** The first line that a command prints, which says that it is ready. */
export function firstLine({ child, ended, out }: Started): Promise<string> {
  return new Promise((done, failed) => {
    child.stdout?.on('data', () => {
      if (out().includes('\n')) done(out().split('\n')[0] ?? '')
    })
    ended.then(({ errors }) => failed(new Error(errors)))
  })
}

/** Starts `bookend regtest --json` on a free port and waits until it is ready. */
export async function serve(...args: readonly string[]): Promise<Served> {
  const started = start(['regtest', '--json', '--rpc-port', '0', ...args])
  const { child, ended } = started
  const ready: Ready = JSON.parse(await firstLine(started))
  return {
    ready,
    child,
    rpc: rpcAt(ready.rpc, 'bookend', 'bookend'),
    port: new URL(ready.rpc).port,
    ended,
    end: signal => {
      child.kill(signal)
      return ended
    },
  }
}
