import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BookendClient, createClient } from '../../src/api/index.ts'
import { BookendError } from '../../src/base/index.ts'
import { newFolder } from '../cli/regtestProcess.ts'
import type { Party } from './payments.ts'

// The daemon whose disk fails. It runs below strace until it ends, and is started again, once, without it.

const LAUNCHER = fileURLToPath(new URL('../../bin/bookend.js', import.meta.url))

/** How a process ended that nobody had asked to. */
export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** What it printed, both ways. */
  readonly text: string
}

interface Running {
  readonly child: ChildProcess
  /** Of the daemon itself, below strace. */
  pid?: number
  client?: BookendClient
  nodeId?: string
  text: string
  isAsked: boolean
  readonly gone: Promise<End>
}

/** Of the program, kept from one life to the next. */
const compiled = newFolder()
const children = new Set<ChildProcess>()

/** For `afterAll`: nothing outlives its test. */
export function killAlices(): void {
  for (const child of children) killAll(child)
}

/** strace and what it traces are a group of their own. */
function killAll(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It has ended just now.
  }
}

export class Alice implements Party {
  readonly name = 'alice'
  readonly dataDir: string
  #chain = ''
  #running: Running | undefined
  #nodeId = ''
  #givenUp: string | undefined
  readonly #own = new Set<ChildProcess>()
  /** How the traced life ended by itself, if it did. */
  end: End | undefined

  constructor(dataDir: string) {
    this.dataDir = dataDir
  }

  get nodeId(): string {
    return this.#nodeId
  }

  /** Throws what an unreachable API rejects with while there is none. */
  get client(): BookendClient {
    if (this.#givenUp !== undefined) throw new Error(this.#givenUp)
    const client = this.#running?.client
    if (client === undefined) throw new BookendError('stopped', 'Alice is not ready.', { advice: 'Ask again.' })
    return client
  }

  /** A new life, on whatever the directory holds. `under`: the words of strace. */
  begin(chain: string, under: readonly string[]): void {
    this.#chain = chain
    this.#givenUp = undefined
    this.end = undefined
    this.#start(under)
  }

  /** Nobody waits for her any more, and what does not end by itself is ended. */
  giveUp(reason: string): void {
    this.#givenUp ??= reason
    for (const child of this.#own) killAll(child)
  }

  /** In good order, as far as the faults let her: resolves with how it ended. */
  async stop(): Promise<End> {
    const running = this.#running
    if (running?.pid === undefined) throw new Error('alice is not ready')
    running.isAsked = true
    this.#running = undefined
    try {
      process.kill(running.pid, 'SIGTERM')
    } catch {
      // She has died just now.
    }
    return running.gone
  }

  /** In this instant. */
  async kill(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    running.isAsked = true
    this.#running = undefined
    killAll(running.child)
    await running.gone
  }

  /** After a stop: the same directory without strace. */
  again(): void {
    this.#start([])
  }

  #start(under: readonly string[]): void {
    const args = ['start', '--data-dir', this.dataDir, '--network', 'regtest', '--chain', this.#chain]
    const others = ['--listen', 'none', '--api', '127.0.0.1:0', '--unencrypted-seed', '--json']
    const [program = '', ...words] = [...under, process.execPath, LAUNCHER, ...args, ...others]
    const child = spawn(program, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      // So that all of her group can be killed.
      detached: true,
      // Most of a start is reading the program.
      env: { ...process.env, NODE_COMPILE_CACHE: compiled },
    })
    children.add(child)
    this.#own.add(child)
    const gone = new Promise<End>(done => {
      child.once('close', (code, signal) => {
        children.delete(child)
        this.#own.delete(child)
        const end = { code, signal, text: running.text }
        done(end)
        this.#hasEnded(running, end, under.length > 0)
      })
    })
    const running: Running = { child, text: '', isAsked: false, gone }
    this.#running = running
    child.stderr?.on('data', bytes => {
      running.text += String(bytes)
    })
    child.stdout?.on('data', bytes => {
      running.text += String(bytes)
      if (running.client === undefined) this.#lookForReady(running)
    })
  }

  #lookForReady(running: Running): void {
    const line = /^\{"event":"ready".*\}$/m.exec(running.text)?.[0]
    if (line === undefined) return
    // The line that the help of `bookend start` describes.
    const { nodeId, api, pid } = JSON.parse(line) as { nodeId: string; api: string; pid: number }
    running.pid = pid
    running.client = createClient({ url: api, token: readFileSync(join(this.dataDir, 'api-token'), 'utf8').trim() })
    this.#nodeId = nodeId
  }

  #hasEnded(running: Running, end: End, wasTraced: boolean): void {
    if (running.isAsked || this.#givenUp !== undefined) return
    if (wasTraced) {
      this.end = end
      this.#start([])
    } else {
      this.#running = undefined
      this.giveUp(`alice ended by herself, with a sound disk (${end.code ?? end.signal}): ${end.text}`)
    }
  }
}
