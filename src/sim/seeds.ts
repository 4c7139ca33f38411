import { GuidedRunner } from './guided.ts'
import { invariants } from './invariants/index.ts'
import type { Observer } from './observer.ts'
import type { OracleOptions } from './oracle.ts'
import { type Checks, type Mode, type Plan, planOf } from './plan.ts'
import { randomOf } from './random.ts'
import { type Failure, type Outcome, runPlan } from './run.ts'

/** A seed to run. */
export interface SeedJob {
  readonly seed: string
  readonly mode: Mode
  readonly nodes: number
  readonly deeds: number
  /** How often forks of the world are looked at (default: at some commits). */
  readonly checks?: Checks
  /** Once more, to see whether both runs tell the same. */
  readonly isTwice: boolean
  /** A guide leads the world to where others have not been; these are states and moves that other threads have seen. */
  readonly guided?: Covered
}

/** States and moves of the specification. */
export interface Covered {
  readonly states: readonly string[]
  readonly edges: readonly string[]
}

export interface SeedResult {
  readonly seed: string
  readonly traceHash: string
  readonly failure?: Failure
  readonly stats: Readonly<Record<string, number>>
  /** States and moves of the specification that were come to, without those that this thread has told of before. */
  readonly covered: Covered
  /** What a guide has made of the seed: with no deeds where it knew no way to anything new. */
  readonly plan?: Plan
}

type OnState = NonNullable<OracleOptions['onState']>

export interface FailedSeed extends SeedResult {
  readonly failure: Failure
}

export function seedPlan({ seed, mode, nodes, deeds, checks = 'sampled' }: Omit<SeedJob, 'isTwice' | 'guided'>): Plan {
  return planOf({ seed, mode, nodes, deeds, checks }, randomOf(seed))
}

/** Runs seeds, one after the other. The crypto of their mode is in place already. */
export class SeedRunner {
  readonly #toldStates = new Set<string>()
  readonly #toldEdges = new Set<string>()
  #guided: GuidedRunner | undefined

  run(job: SeedJob): SeedResult {
    const states: string[] = []
    const edges: string[] = []
    const onState = (key: string, before: string | undefined) => {
      if (!this.#toldStates.has(key)) {
        this.#toldStates.add(key)
        states.push(key)
      }
      const edge = `${before} ${key}`
      if (before === undefined || this.#toldEdges.has(edge)) return
      this.#toldEdges.add(edge)
      edges.push(edge)
    }
    const result = job.guided === undefined ? runSeed(job, onState) : this.#runGuided(job, job.guided, onState)
    return { ...result, covered: { states, edges } }
  }

  #runGuided(job: SeedJob, others: Covered, onState: OnState): Omit<SeedResult, 'covered'> {
    this.#guided ??= new GuidedRunner()
    this.#guided.coverage.merge(others)
    const stats = counters()
    const outcome = this.#guided.run(job, onState, [stats.observer])
    return { ...judged(job, outcome.plan, outcome, stats.counts), plan: outcome.plan }
  }
}

function runSeed(job: SeedJob, onState: OnState): Omit<SeedResult, 'covered'> {
  const plan = seedPlan(job)
  const stats = counters()
  const outcome = runPlan(plan, world => [stats.observer, ...invariants(world, { onState })])
  return judged(job, plan, outcome, stats.counts)
}

function judged(
  job: SeedJob,
  plan: Plan,
  { failure, traceHash, events }: Outcome,
  stats: SeedResult['stats'],
): Omit<SeedResult, 'covered'> {
  const result = { seed: job.seed, traceHash, stats: { ...stats, deeds: plan.deeds.length, events } }
  if (failure !== undefined) return { ...result, failure }
  if (!job.isTwice) return result
  const again = runPlan(plan, world => invariants(world)).traceHash
  if (again === traceHash) return result
  return {
    ...result,
    failure: { rule: 'one seed, one trace', message: `the second run tells ${again} instead of ${traceHash}` },
  }
}

/** How much happened. */
function counters(): { readonly observer: Observer; readonly counts: Readonly<Record<string, number>> } {
  const counts: Record<string, number> = {
    runs: 1,
    turns: 0,
    messages: 0,
    crashes: 0,
    paymentsSent: 0,
    paymentsFailed: 0,
    published: 0,
    closed: 0,
  }
  const count = (what: string) => {
    counts[what] = (counts[what] ?? 0) + 1
    return undefined
  }
  return {
    counts,
    observer: {
      name: 'counters',
      turn: () => count('turns'),
      received: () => count('messages'),
      crashed: () => count('crashes'),
      published: (_node, _tx, _role, outcome) => (outcome === 'accepted' ? count('published') : undefined),
      durable: (_node, { effects }) => {
        for (const effect of effects) {
          if (effect.type !== 'event') continue
          const { event } = effect.event
          if (event.type === 'payment_sent') count('paymentsSent')
          if (event.type === 'payment_failed') count('paymentsFailed')
          if (event.type === 'channel_state' && event.to === 'closed') count('closed')
        }
        return undefined
      },
    },
  }
}
