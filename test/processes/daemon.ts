import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BookendClient, createClient } from '../../src/api/index.ts'
import { newFolder } from '../cli/regtestProcess.ts'
import type { Random } from './random.ts'

// A node as a process of its own, as `bookend start` runs it, that can be killed in any instant and started again.

const LAUNCHER = fileURLToPath(new URL('../../bin/bookend.js', import.meta.url))
const KEPT_LINES = 40

export interface DaemonOptions {
  readonly name: string
  readonly chain: string
  readonly random: Random
  /** What stands behind the others on its command line. */
  readonly more?: readonly string[]
}

interface Ready {
  readonly event: 'ready'
  readonly nodeId: string
}

const all = new Set<Daemon>()

/** For `afterAll`: nothing outlives its test, and nothing that still runs of it starts a daemon again. */
export async function killAllDaemons(): Promise<void> {
  await Promise.all([...all].map(daemon => daemon.end()))
}

export class Daemon {
  readonly name: string
  readonly dataDir = newFolder()
  readonly listen: { readonly host: string; readonly port: number }
  readonly #chain: string
  readonly #api: string
  readonly #more: readonly string[]
  /** What it printed last, all its lives together. */
  readonly lines: string[] = []
  #child: ChildProcess | undefined
  #isOver = false
  #gone: Promise<void> = Promise.resolve()
  #nodeId = ''
  #client: BookendClient | undefined
  /** It ended without being asked to. */
  accident: string | undefined
  /** Times that it was started. */
  lives = 0

  private constructor({ name, chain, more = [] }: DaemonOptions, ports: readonly [number, number]) {
    this.name = name
    this.#chain = chain
    this.#more = more
    this.listen = { host: '127.0.0.1', port: ports[0] }
    this.#api = `127.0.0.1:${ports[1]}`
  }

  static async create(options: DaemonOptions): Promise<Daemon> {
    const daemon = new Daemon(options, [await freePort(options.random), await freePort(options.random)])
    all.add(daemon)
    await daemon.start()
    return daemon
  }

  get nodeId(): string {
    return this.#nodeId
  }

  /** Of the API, in whichever life. */
  get client(): BookendClient {
    if (this.#client === undefined) throw new Error(`${this.name} has never been ready`)
    return this.#client
  }

  /** Resolves when it is ready, or with `false` when it was killed before. Rejects when it ends for any other reason. */
  start(): Promise<boolean> {
    if (this.#isOver) return Promise.reject(new Error('the test is over'))
    const { port } = this.listen
    const args = ['start', '--data-dir', this.dataDir, '--network', 'regtest', '--chain', this.#chain]
    const listening = [
      '--listen',
      `127.0.0.1:${port}`,
      '--api',
      this.#api,
      '--unencrypted-seed',
      '--json',
      ...this.#more,
    ]
    const child = spawn(process.execPath, [LAUNCHER, ...args, ...listening], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    this.lives += 1
    return new Promise((ready, failed) => {
      let rest = ''
      child.stdout.on('data', bytes => {
        const lines = `${rest}${bytes}`.split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) {
          this.#keep(line)
          if (line.startsWith('{"event":"ready"')) {
            this.#isReady(JSON.parse(line))
            ready(true)
          }
        }
      })
      child.stderr.on('data', bytes => this.#keep(String(bytes)))
      this.#gone = new Promise(done => {
        child.once('close', (code, signal) => {
          done()
          if (this.#child !== child) return ready(false)
          this.accident = `${this.name} ended by itself (${code ?? signal}):\n${this.lines.join('\n')}`
          failed(new Error(this.accident))
        })
      })
    })
  }

  /** SIGKILL, in this instant. Resolves when the process is gone. */
  kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    this.#keep('(killed)')
    child?.kill('SIGKILL')
    return this.#gone
  }

  /** Killed, and its disk with it: what its directory held is gone. */
  async lose(): Promise<void> {
    await this.kill()
    rmSync(this.dataDir, { recursive: true, force: true })
    this.#client = undefined
  }

  end(): Promise<void> {
    this.#isOver = true
    return this.kill()
  }

  /** In good order; resolves with the exit code. */
  async stop(): Promise<number | null> {
    const child = this.#child
    this.#child = undefined
    child?.kill('SIGTERM')
    await this.#gone
    return child?.exitCode ?? null
  }

  #isReady({ nodeId }: Ready): void {
    this.#nodeId = nodeId
    const token = readFileSync(join(this.dataDir, 'api-token'), 'utf8').trim()
    this.#client ??= createClient({ url: this.#api, token })
  }

  #keep(line: string): void {
    this.lines.push(line)
    if (this.lines.length > KEPT_LINES) this.lines.shift()
  }
}

/** Below those that the system gives to connections, so that nobody has it while its process is away. */
export async function freePort(random: Random): Promise<number> {
  for (;;) {
    const port = random.between(12_000, 32_000)
    const isFree = await new Promise<boolean>(done => {
      const server = createServer()
      server.once('error', () => done(false))
      server.listen(port, '127.0.0.1', () => server.close(() => done(true)))
    })
    if (isFree) return port
  }
}
