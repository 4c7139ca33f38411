import { toHex } from '../../src/base/index.ts'
import { type Random, randomFrom } from '../processes/random.ts'
import type { Coverage, News } from './coverage.ts'
import { mutateBytes } from './mutate.ts'
import { kindOf, sizeClass, type Target } from './target.ts'

export interface Finding {
  readonly input: Uint8Array
  readonly message: string
  readonly stack: string
}

export interface Report {
  readonly runs: number
  readonly milliseconds: number
  /** Inputs that reached something new: those that the session began with, then those that it found. */
  readonly pool: readonly Uint8Array[]
  /** How many of the pool the session found. */
  readonly fresh: number
  readonly outcomes: number
  readonly findings: readonly Finding[]
}

export interface Session {
  readonly seed: number
  /** Besides the target's own seeds. */
  readonly kept: readonly Uint8Array[]
  /** Asked between batches of inputs, with the milliseconds since the first one: whether that was enough. */
  readonly isOver: (runs: number, milliseconds: number) => boolean
  readonly coverage?: Coverage
}

/** Inputs between two questions of what has run. */
const BATCH = 256
/** Of one target; more of them say nothing more. */
const MOST_FINDINGS = 12
/** How often one of the newest inputs is changed again. */
const NEWEST_SHARE = 0.4
const NEWEST = 24

/** Feeds a target with changes of what it knows, and keeps what reaches something new: other words, or other code. */
export async function fuzz(target: Target, session: Session): Promise<Report> {
  const random = randomFrom(session.seed)
  const hunt = new Hunt(target, session.coverage)
  const first = [...target.seeds(), ...session.kept]
  for (const input of first) await hunt.feed(input)
  // All of them, also those that say what others said: they are whole, and small changes of them go far in.
  hunt.pool.splice(0, hunt.pool.length, ...unique(first))
  if (session.coverage !== undefined) session.coverage.accept(session.coverage.news())
  const before = hunt.pool.length
  const began = performance.now()
  const past = hunt.runs
  while (!session.isOver(hunt.runs - past, performance.now() - began) && hunt.findings.length < MOST_FINDINGS) {
    const batch = Array.from({ length: BATCH }, () => changed(target, hunt.pool, random))
    const said = hunt.pool.length
    for (const input of batch) await hunt.feed(input)
    const news = session.coverage?.news() ?? []
    if (news.length > 0) await hunt.credit(batch, hunt.pool.slice(said), news)
  }
  return {
    runs: hunt.runs - past,
    milliseconds: performance.now() - began,
    pool: hunt.pool,
    fresh: hunt.pool.length - before,
    outcomes: hunt.outcomes.size,
    findings: hunt.findings,
  }
}

function changed(target: Target, pool: readonly Uint8Array[], random: Random): Uint8Array {
  const parent = random.chance(NEWEST_SHARE) ? random.of(pool.slice(-NEWEST)) : random.of(pool)
  return target.mutate?.(parent, random, pool) ?? mutateBytes(parent, random, pool)
}

class Hunt {
  readonly outcomes = new Set<string>()
  readonly pool: Uint8Array[] = []
  readonly findings: Finding[] = []
  runs = 0
  readonly #target: Target
  readonly #coverage: Coverage | undefined

  constructor(target: Target, coverage: Coverage | undefined) {
    this.#target = target
    this.#coverage = coverage
  }

  async feed(input: Uint8Array): Promise<void> {
    this.runs += 1
    const outcome = `${await this.#judged(input)} ${sizeClass(input.length)}`
    if (this.outcomes.has(outcome)) return
    this.outcomes.add(outcome)
    this.pool.push(input)
  }

  /** New code has run: those that said something new are asked first, since mostly it was one of them; then all of the batch. */
  async credit(batch: readonly Uint8Array[], taken: readonly Uint8Array[], news: News): Promise<void> {
    const coverage = this.#coverage
    if (coverage === undefined) return
    for (const input of taken) await this.#judged(input)
    coverage.accept(coverage.news())
    if (coverage.holds(news)) return
    await this.attribute(batch)
    // What runs once in a process belongs to no input.
    coverage.accept(news)
  }

  /** Something in these has run new code: the halves are asked again, until it is known who it was. */
  async attribute(part: readonly Uint8Array[]): Promise<void> {
    const coverage = this.#coverage
    for (const input of part) await this.#judged(input)
    const news = coverage?.news() ?? []
    if (news.length === 0) return
    if (part.length > 1) {
      const middle = part.length >> 1
      await this.attribute(part.slice(0, middle))
      await this.attribute(part.slice(middle))
      return
    }
    coverage?.accept(news)
    this.pool.push(...part)
  }

  async #judged(input: Uint8Array): Promise<string> {
    try {
      const outcome = this.#target.judge(input)
      return typeof outcome === 'string' ? outcome : await outcome
    } catch (error) {
      const { name, message, stack = '' } = error instanceof Error ? error : new Error(String(error))
      const kind = `${name}: ${kindOf(message)}`
      if (!this.findings.some(found => kindOf(found.message) === kindOf(`${name}: ${message}`))) {
        this.findings.push({ input, message: `${name}: ${message}`, stack })
      }
      return kind
    }
  }
}

function unique(inputs: readonly Uint8Array[]): readonly Uint8Array[] {
  return [...new Map(inputs.map(input => [toHex(input), input])).values()]
}
