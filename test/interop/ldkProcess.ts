import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Asked, LdkEvent, LdkOptions, Told, VerbName, Verbs } from './ldk/protocol.ts'

// The process of one LDK node, as a test sees it. It can be stopped or killed, and started again on what its disk holds.

const MAIN = fileURLToPath(new URL('./ldk/main.ts', import.meta.url))
const KEPT_LINES = 60

interface Waiting {
  readonly done: (result: unknown) => void
  readonly failed: (error: Error) => void
}

export class LdkProcess {
  /** What it told, over all its lives. */
  readonly events: LdkEvent[] = []
  readonly #errors: string[] = []
  readonly #waiting = new Map<number, Waiting>()
  readonly #watchers = new Set<() => void>()
  #options: LdkOptions
  #child: ChildProcessWithoutNullStreams | undefined
  #gone: Promise<void> = Promise.resolve()
  #nextId = 1
  nodeId = ''
  port = 0

  private constructor(options: LdkOptions) {
    this.#options = options
  }

  static async start(options: LdkOptions): Promise<LdkProcess> {
    const process = new LdkProcess(options)
    await process.start()
    return process
  }

  /** Again, on the same disk unless another one is named. */
  async start(changes: Partial<LdkOptions> = {}): Promise<void> {
    // It is found again at the same place.
    this.#options = { ...this.#options, ...(this.port !== 0 && { port: this.port }), ...changes }
    const from = this.events.length
    const child = spawn(process.execPath, [MAIN, JSON.stringify(this.#options)], { stdio: 'pipe' })
    this.#child = child
    let rest = ''
    child.stdout.on('data', bytes => {
      const lines = `${rest}${bytes}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.#told(JSON.parse(line))
    })
    child.stderr.on('data', bytes => this.#keep(String(bytes)))
    child.stdin.on('error', () => undefined)
    this.#gone = new Promise(done => {
      child.once('close', code => {
        if (this.#child === child) this.#child = undefined
        const error = new Error(`LDK has ended (${code}):\n${this.#errors.join('\n')}`)
        for (const { failed } of this.#waiting.values()) failed(error)
        this.#waiting.clear()
        this.#look()
        done()
      })
    })
    const ready = await this.until('ready', event => event.event === 'ready', from)
    if (ready.event !== 'ready') return
    this.nodeId = ready.nodeId
    this.port = ready.port
  }

  ask<V extends VerbName>(verb: V, args: Verbs[V]['in'] = {}): Promise<Verbs[V]['out']> {
    const child = this.#child
    if (child === undefined) return Promise.reject(new Error(`LDK is not there:\n${this.#errors.join('\n')}`))
    const asked: Asked = { id: this.#nextId++, verb, args }
    child.stdin.write(`${JSON.stringify(asked)}\n`)
    return new Promise((done, failed) => {
      // What comes back is what the verb gives (ldk/protocol.ts).
      this.#waiting.set(asked.id, { done: done as (result: unknown) => void, failed })
    })
  }

  /** The first event from number `from` on that fits. Rejects when the process ends before. */
  async until(what: string, fits: (event: LdkEvent) => boolean, from = 0): Promise<LdkEvent> {
    for (;;) {
      const found = this.events.slice(from).find(fits)
      if (found !== undefined) return found
      if (this.#child === undefined) throw new Error(`LDK has ended before ${what}:\n${this.#errors.join('\n')}`)
      await new Promise<void>(resolve => {
        const look = () => {
          this.#watchers.delete(look)
          resolve()
        }
        this.#watchers.add(look)
      })
    }
  }

  /** In good order. */
  async stop(): Promise<void> {
    await this.ask('stop')
    await this.#gone
  }

  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#gone
  }

  #told(told: Told): void {
    if ('event' in told) {
      this.events.push(told)
      this.#look()
      return
    }
    const waiting = this.#waiting.get(told.id)
    this.#waiting.delete(told.id)
    if ('error' in told) waiting?.failed(new Error(told.error))
    else waiting?.done(told.result)
  }

  #look(): void {
    for (const watcher of [...this.#watchers]) watcher()
  }

  #keep(text: string): void {
    this.#errors.push(text)
    if (this.#errors.length > KEPT_LINES) this.#errors.shift()
  }
}
