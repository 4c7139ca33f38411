// sim: the seeded world: a network of real engines in one process, on virtual time, over a chain with real script checks, driven by one
// seed, with everything failing that can fail. It must not change how a node behaves: what it finds, it finds in the product.
// Start reading at plan.ts for what happens in a run, then world.ts, then node.ts; invariants/ has the rules.
export type { AppWorld, WorldChain, WorldClock, WorldTools } from './app/appWorld.ts'
export { createWorld } from './app/createWorld.ts'
export { WorldFailure } from './app/failure.ts'
export {
  APP_FAULTS,
  type AppFault,
  type AppFaults,
  type ChannelOption,
  type WorldOptions,
  type WorldSnapshot,
} from './app/options.ts'
export type { WorldNode } from './app/worldNode.ts'
export { invariants } from './invariants/index.ts'
export type { Complaint, Observer, Turn } from './observer.ts'
export {
  type ChannelPlan,
  type Deed,
  type Faults,
  type Mode,
  type NodePlan,
  type Plan,
  type PlannedDeed,
  type PlanOptions,
  planOf,
} from './plan.ts'
export { type Random, randomOf } from './random.ts'
export { type Failure, type Outcome, runPlan } from './run.ts'
export { type SeedJob, type SeedResult, SeedRunner, seedPlan } from './seeds.ts'
export { shrink } from './shrink.ts'
export { story } from './story.ts'
export { type CryptoMode, useCrypto } from './useCrypto.ts'
export { World } from './world.ts'
