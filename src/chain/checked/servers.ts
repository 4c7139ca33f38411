import { setTimeout as pause } from 'node:timers/promises'
import type { ChainError } from '../../ports/index.ts'
import { closed } from '../words.ts'
import type { Answer } from './answer.ts'
import { noServers, nothingHolds, type ServerKind, unreachable } from './errors.ts'
import type { CheckedLimits } from './limits.ts'
import type { ChainServer } from './server.ts'

/** Something that whoever runs the node should know. */
export type ServersLog = (line: { readonly level: 'info' | 'warn'; readonly message: string }) => void

/** A pause after an answer that did not come, which doubles up to the second. */
const FIRST_REST_MS = 1000
const LONGEST_REST_MS = 5 * 60_000

export interface ServersOptions {
  readonly kind: ServerKind
  readonly all: readonly ChainServer[]
  readonly limits: Omit<CheckedLimits, 'answerBytes'>
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: ServersLog
}

/** All servers: in which order they are asked, and who is asked last since it said nothing, or what cannot be. */
export class Servers {
  readonly kind: ServerKind
  readonly all: readonly ChainServer[]
  readonly limits: Omit<CheckedLimits, 'answerBytes'>
  readonly #now: () => number
  readonly #log: ServersLog
  readonly #closing = new AbortController()

  constructor({ kind, all, limits, now, log }: ServersOptions) {
    if (all.length === 0) throw noServers(kind)
    this.kind = kind
    this.all = all
    this.limits = limits
    this.#now = now
    this.#log = log
  }

  /** Those that neither rest nor are set aside; where there is none, all of them. */
  get good(): readonly ChainServer[] {
    const good = this.all.filter(server => server.restsUntil <= this.#now())
    return good.length > 0 ? good : this.all
  }

  /**
   * Asks one after the other until one gives a value; `undefined` where some say that there is none, and nobody shows it. Rejects
   * with a `ChainError` where nobody says anything that holds.
   */
  async first<T>(question: (server: ChainServer) => Promise<Answer<T>>): Promise<T | undefined> {
    for (let attempt = 1; ; attempt++) {
      const reasons: Reason[] = []
      let isAbsent = false
      for (const server of this.#inOrder()) {
        const answer = this.judged(server, await question(server))
        if (answer.type === 'value') return answer.value
        if (answer.type === 'absent') isAbsent = true
        else reasons.push(reasonOf(server, answer))
      }
      if (isAbsent) return undefined
      if (attempt >= this.limits.attempts) throw this.failure(reasons)
      await this.pause(attempt)
    }
  }

  /** The same answer, once its server has its good or bad mark for it. */
  judged<T>(server: ChainServer, answer: Answer<T>): Answer<T> {
    if (answer.type === 'lie') this.setAside(server, answer.what)
    else if (answer.type === 'silent') this.#rest(server, answer.reason)
    else server.misses = 0
    return answer
  }

  /** For a while others are asked first. */
  setAside(server: ChainServer, what: string): void {
    const { asideMs } = this.limits
    server.restsUntil = this.#now() + asideMs
    if (server.lied === what) return
    server.lied = what
    this.#log({
      level: 'warn',
      message: `The ${this.kind} server ${server.where} answered with ${what}. Others are asked first for ${Math.ceil(asideMs / 60_000)} minutes.`,
    })
  }

  /** A server that is so many blocks below the best tip, or is no longer. */
  behind(server: ChainServer, blocks: number): void {
    const isBehind = blocks >= this.limits.blocksBehind
    if (isBehind && !server.isBehind)
      this.#log({
        level: 'warn',
        message: `The ${this.kind} server ${server.where} is ${blocks} blocks behind the others.`,
      })
    server.isBehind = isBehind
  }

  async pause(attempt: number): Promise<void> {
    try {
      await pause(this.limits.firstPauseMs * 4 ** (attempt - 1), undefined, { signal: this.#closing.signal })
    } catch (error) {
      throw this.isClosed ? closed() : error
    }
  }

  /** That nobody said anything that holds. */
  failure(reasons: readonly Reason[]): ChainError {
    const texts = reasons.map(({ text }) => text)
    return reasons.length > 0 && reasons.every(({ isLie }) => isLie)
      ? nothingHolds(this.kind, texts)
      : unreachable(this.kind, texts)
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted
  }

  close(): void {
    this.#closing.abort()
    for (const server of this.all) server.close()
  }

  #inOrder(): readonly ChainServer[] {
    const now = this.#now()
    // The sort leaves those that neither rest nor are set aside as they were named.
    return this.all.toSorted((a, b) => Math.max(a.restsUntil, now) - Math.max(b.restsUntil, now))
  }

  #rest(server: ChainServer, reason: string): void {
    const ms = Math.min(FIRST_REST_MS * 2 ** server.misses, LONGEST_REST_MS)
    server.misses += 1
    server.restsUntil = Math.max(server.restsUntil, this.#now() + ms)
    if (server.misses > 1) return
    this.#log({ level: 'info', message: `The ${this.kind} server ${server.where} does not answer (${reason}).` })
  }
}

export interface Reason {
  readonly text: string
  readonly isLie: boolean
}

type NoValue = Extract<Answer<unknown>, { readonly type: 'lie' | 'silent' }>

export const reasonOf = ({ where }: ChainServer, answer: NoValue): Reason =>
  answer.type === 'lie'
    ? { text: `${where} answered with ${answer.what}`, isLie: true }
    : { text: `${where}: ${answer.reason}`, isLie: false }
