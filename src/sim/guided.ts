// Worlds of two honest nodes and one channel that a guide leads through the specification, with every rule looking on.
import type { ChannelId } from '../base/index.ts'
import { channelIdOf } from '../channel/index.ts'
import { GUIDED_PAUSE_MS, Guide } from './guide.ts'
import { GuideMap } from './guideMap.ts'
import { invariants } from './invariants/index.ts'
import type { Observer } from './observer.ts'
import { Oracle } from './oracle.ts'
import { type Checks, type Mode, type Plan, planOf } from './plan.ts'
import { randomOf } from './random.ts'
import { type Outcome, runPlan } from './run.ts'
import { COVERAGE_BOUNDS, Coverage } from './specCoverage.ts'
import type { World } from './world.ts'

export interface GuidedJob {
  readonly seed: string
  readonly mode: Mode
  /** Deeds at most. */
  readonly deeds: number
  readonly checks?: Checks
}

export interface GuidedOutcome extends Outcome {
  /** With all that the guide has done: another run of it is the same, without a guide. */
  readonly plan: Plan
}

/** Of a node that has nothing slow about it, so that a turn and its sync are over before the next deed. */
const SYNC_MS = [0, 1] as const
const CAPACITY_SAT = 1_000_000

/** Guides worlds, one after the other: each goes where those before it have not been. */
export class GuidedRunner {
  readonly #map = new GuideMap(COVERAGE_BOUNDS)
  readonly #wants: 'states' | 'moves'
  /** What has been seen, here and wherever else somebody tells of. */
  readonly coverage = new Coverage()

  /** Where it wants to go: to each state, or also by each move (default), which takes twice as long. */
  constructor({ wants = 'moves' }: { readonly wants?: 'states' | 'moves' } = {}) {
    this.#wants = wants
  }

  /** `onState` hears what the oracle tells, `more` are others who look on. */
  run(
    job: GuidedJob,
    onState: (key: string, before: string | undefined) => void,
    more: readonly Observer[] = [],
  ): GuidedOutcome {
    const { seed, deeds: most } = job
    const plan = emptyPlan(job)
    const oracle = new Oracle({
      onState: (key, before) => {
        this.coverage.onState(key, before)
        onState(key, before)
      },
    })
    let world: World | undefined
    const guide = new Guide({
      map: this.#map,
      oracle,
      random: randomOf(`${seed}/guide`),
      isNew: this.#wants === 'states' ? (_from, to) => this.coverage.isNewState(to) : this.coverage.isNew,
      channel: () => channelOf(world),
      indexOf: name => plan.nodes.findIndex(node => node.name === name),
      pass: ms => {
        const until = (world?.clock.now ?? 0) + ms
        while (world?.clock.step(until));
      },
      most,
    })
    const outcome = runPlan(
      plan,
      inWorld => {
        world = inWorld
        return [...more, ...invariants(inWorld, oracle)]
      },
      guide,
    )
    return { ...outcome, plan: { ...plan, deeds: guide.deeds } }
  }
}

/** Two nodes and their channel, in a world that holds messages. */
function emptyPlan({ seed, mode, deeds: most, checks }: GuidedJob): Plan {
  const common = { seed, mode, nodes: 2, deeds: 0, adversary: false, ...(checks !== undefined && { checks }) }
  const plan = planOf(common, randomOf(seed))
  return {
    ...plan,
    nodes: plan.nodes.map(node => ({ ...node, syncMs: SYNC_MS })),
    channels: [{ from: 0, to: 1, capacitySat: CAPACITY_SAT, pushSat: CAPACITY_SAT / 2 }],
    isHeld: true,
    healAt: (most + 2) * GUIDED_PAUSE_MS,
  }
}

function channelOf(world: World | undefined): ChannelId | undefined {
  for (const { state } of world?.nodes[0]?.links ?? [])
    if (state.channel?.state === 'normal') return channelIdOf(state.channel)
  return undefined
}
