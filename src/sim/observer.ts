import type { NodeId } from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'
import type {
  EngineEffect,
  EngineInput,
  EngineReply,
  EngineState,
  EngineWrite,
  PublishedRole,
} from '../engine/index.ts'
import type { RegtestChain } from '../regtest/index.ts'
import type { Disk } from './disk.ts'
import type { NodePlan, PlannedDeed } from './plan.ts'

/** What there is to see of a node. */
export interface WatchedNode {
  readonly name: string
  readonly id: NodeId
  readonly plan: NodePlan
  /** What is durable. */
  readonly state: EngineState
  readonly disk: Disk
  readonly isListening: boolean
  /** The state that its records tell. */
  loaded(): EngineState
}

/** What there is to see of a world. */
export interface WatchedWorld {
  /** Everyone who is not hostile. */
  readonly honest: readonly WatchedNode[]
  /** These and the hostile ones; absent where there are none. */
  readonly nodes?: readonly Pick<WatchedNode, 'id'>[]
  readonly chain: RegtestChain
  /** Those whose disk was put back to an older image: nobody can ask them for what came after it. */
  readonly lost?: ReadonlySet<WatchedNode>
  /** Payment hashes of what somebody who had the preimage from another payment has kept for itself. */
  readonly lies?: { readonly claimed: ReadonlySet<string> }
}

/** One turn of a node's driver. */
export interface Turn {
  readonly before: EngineState
  readonly after: EngineState
  readonly inputs: readonly EngineInput[]
  readonly writes: readonly EngineWrite[]
  readonly effects: readonly EngineEffect[]
}

/** Somebody who looks on. A sentence that comes back is a rule that is broken: the run ends there. */
export interface Observer {
  /** What the rule is called, for people and for statistics. */
  readonly name: string
  /** Something is done to the world. */
  deed?(planned: PlannedDeed): void
  /** Stepped, not durable yet. */
  turn?(node: WatchedNode, turn: Turn): Complaint
  /** Its writes are durable; its effects come next. */
  durable?(node: WatchedNode, turn: Turn): Complaint
  sent?(node: WatchedNode, connection: number, bytes: Uint8Array): Complaint
  received?(node: WatchedNode, connection: number, bytes: Uint8Array): Complaint
  published?(node: WatchedNode, tx: Tx, role: PublishedRole, outcome: string): Complaint
  replied?(node: WatchedNode, request: number, reply: EngineReply): Complaint
  connected?(node: WatchedNode, connection: number, peer: string): Complaint
  ended?(node: WatchedNode, connection: number): Complaint
  crashed?(node: WatchedNode, kept: number): Complaint
  started?(node: WatchedNode): Complaint
  /** The chain has changed. */
  chain?(): Complaint
  /** The world is at rest after the faults have stopped. */
  rest?(): Complaint
  /** Everything is closed and swept; only where the plan asks for it. */
  closed?(): Complaint
}

export type Complaint = string | undefined
