import { withoutAmbient } from './ambient.ts'
import { baseChain } from './baseChain.ts'
import type { Observer } from './observer.ts'
import type { Plan, PlannedDeed } from './plan.ts'
import { Trace } from './trace.ts'
import { BrokenRule } from './watch.ts'
import { World } from './world.ts'

/** What became of a run. */
export interface Outcome {
  readonly failure?: Failure
  /** The same for every run of one plan: over all messages, writes and publications. */
  readonly traceHash: string
  /** What came to its time on the world's clock, and the deeds of the plan. */
  readonly events: number
}

export interface Failure {
  readonly rule: string
  readonly message: string
  /** The deed after which it was noticed, if it was not while everything ends. */
  readonly deed?: number
  /** Of the error, where the world or an engine broke instead of a rule. */
  readonly stack?: string
}

/** Runs a plan to its end, or to the first rule that breaks; `more` are deeds that come after its own, chosen as they are done. */
export function runPlan(
  plan: Plan,
  observers: (world: World) => readonly Observer[],
  more?: Iterable<PlannedDeed>,
): Outcome {
  const trace = new Trace()
  let deed: number | undefined
  const tracer: Observer = {
    name: 'trace',
    deed: planned => {
      deed = planned.id
      return undefined
    },
    durable: (node, { writes }) => {
      for (const write of writes) {
        trace.text(`${node.name} ${write.key}`)
        if (write.type === 'put') trace.bytes(write.value)
      }
      return undefined
    },
    sent: (node, connection, bytes) => {
      trace.text(`${node.name} ${connection}`)
      trace.bytes(bytes)
      return undefined
    },
    rest: () => {
      deed = undefined
      return undefined
    },
  }
  baseChain(plan.mode)
  let world: World | undefined
  const failure = withoutAmbient(() => {
    try {
      world = new World(plan, each => [tracer, ...observers(each)])
      world.run(more)
      return undefined
    } catch (error) {
      return failureOf(error)
    }
  })
  const traceHash = trace.digest()
  const events = (world?.happenings ?? 0) + plan.deeds.length
  if (failure === undefined) return { traceHash, events }
  return { traceHash, events, failure: { ...failure, ...(deed !== undefined && { deed }) } }
}

function failureOf(error: unknown): Failure {
  if (error instanceof BrokenRule) return { rule: error.rule, message: error.message }
  const message = error instanceof Error ? error.message : String(error)
  const stack = error instanceof Error ? error.stack : undefined
  return { rule: 'no exception', message, ...(stack !== undefined && { stack }) }
}
